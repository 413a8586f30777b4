{{- define "handrail.name" -}}
{{- if contains .Chart.Name .Release.Name }}{{ .Release.Name | trunc 48 | trimSuffix "-" }}
{{- else }}{{ printf "%s-%s" .Release.Name .Chart.Name | trunc 48 | trimSuffix "-" }}{{ end -}}
{{- end -}}

{{- define "handrail.selector" -}}
app.kubernetes.io/name: {{ .Chart.Name }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end -}}

{{- define "handrail.labels" -}}
{{ include "handrail.selector" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version }}
{{- end -}}

{{- define "handrail.image" -}}
{{- with .Values.image -}}
{{- if .digest }}{{ .repository }}@{{ .digest }}{{ else }}{{ .repository }}:{{ .tag | default $.Chart.AppVersion }}{{ end -}}
{{- end -}}
{{- end -}}

{{- define "handrail.secret" -}}
{{- if .Values.secrets.existingSecret }}{{ .Values.secrets.existingSecret }}
{{- else if .Values.secrets.values }}{{ include "handrail.name" . }}
{{- else }}{{ fail "secrets.existingSecret: name a Secret with HANDRAIL_JOURNAL_KEY and the others (see values.yaml)" }}{{ end -}}
{{- end -}}

{{/* What proxies and review pages have in common, in a pod. */}}
{{- define "handrail.pod" -}}
automountServiceAccountToken: false
# Kubernetes would else tell of a service by HANDRAIL_PORT and the like, which are settings of ours or none at all.
enableServiceLinks: false
{{- with .Values.imagePullSecrets }}
imagePullSecrets:
  {{- toYaml . | nindent 2 }}
{{- end }}
securityContext:
  runAsNonRoot: true
  runAsUser: 10001
  runAsGroup: 10001
  fsGroup: 10001
  fsGroupChangePolicy: OnRootMismatch
  seccompProfile:
    type: RuntimeDefault
terminationGracePeriodSeconds: {{ .Values.terminationGracePeriodSeconds }}
{{- with .Values.nodeSelector }}
nodeSelector:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.tolerations }}
tolerations:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.affinity }}
affinity:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end -}}

{{/* The same, in a container. */}}
{{- define "handrail.container" -}}
image: {{ include "handrail.image" . | quote }}
imagePullPolicy: {{ .Values.image.pullPolicy }}
securityContext:
  allowPrivilegeEscalation: false
  readOnlyRootFilesystem: true
  capabilities:
    drop: [ALL]
envFrom:
  - secretRef:
      name: {{ include "handrail.secret" . }}
lifecycle:
  preStop:
    exec:
      # Until everybody has learnt that this one stops.
      command: [sleep, "5"]
{{- end -}}

{{/* The environment that both have: without the Secret's URL a pod does not start. */}}
{{- define "handrail.environment" -}}
{{- if .Values.redis.enabled }}
- name: HANDRAIL_REDIS_URL
  valueFrom:
    secretKeyRef:
      name: {{ include "handrail.secret" . }}
      key: HANDRAIL_REDIS_URL
{{- end }}
{{- if .Values.policy }}
- name: HANDRAIL_POLICY_PATH
  value: /etc/handrail/policy.yaml
{{- end }}
{{- end -}}
