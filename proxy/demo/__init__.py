"""Demo: a chatbot without a language model, and a page that shows it bare and guarded side by side.

Bank    what the scripted chatbot says, our own writing in the failure styles of the taxonomy (bank.yaml).
Bot     an OpenAI-compatible server that answers from the bank, word by word (bot.py).
Reading the guard's reading of an exchange in plain words (reading.py).
Page    the web page and what it asks for (page.py, page.html, page.css, page.js).
"""
