"""Review: the pages on which people read flagged exchanges and say what they make of them.

Account     a person who may sign in, their role, and what each role may do (account.py).
Password    kept as Argon2id alone (password.py).
Accounts    where accounts and sign-ins are kept (accounts.py), embedded or shared (accounts_sqlite.py,
            accounts_redis.py).
Desk        all that a page works with (desk.py).
Gate        who asks, by cookie or by a trusted proxy's header; what is refused before a page is (gate.py).
Sign-in     the cookie, the form's token, and how often a password may be tried (sign_in.py; sign_in_page.py).
Layout      pages from templates, and the headers that go with each (layout.py; templates/, static/).
Queue       the list, its filters and what can be done to several cases (queue_page.py, choosing.py, bulk.py).
Exchange    one exchange, and what is done with it (exchange_page.py, showing.py).
Marks       text with the spans that counted marked (marks.py).
Form        the questions, read and checked (form.py).
Sampling    which cases a second person reads, blind (sampling.py), and Cohen's kappa of both (agreement.py).
Oversight   agreement and trail, for leads and auditors (oversight.py).
News        what happens in the journal, told to open pages (news.py, events_page.py).
Words       labels, times and steps in plain words (words.py).
Routes      which path leads to which page: add yours here (routes.py).
App         the application that puts these together (app.py).
"""
