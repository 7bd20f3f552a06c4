{{- /* The operator's environment: the same for the Deployment and for the test. */}}
{{- define "onecloud-operator.env" -}}
- name: POD_NAME
  valueFrom:
    fieldRef:
      fieldPath: metadata.name
{{- range $name, $value := dict
  "NAMESPACES" (join "," .Values.watchNamespaces)
  "SELECTOR" .Values.selector
  "CLUSTER_ID" .Values.clusterId
  "NAME_PREFIX" .Values.namePrefix
  "CONNECTION_SECRETS" .Values.connectionSecrets.enabled
  "LOG_FORMAT" .Values.log.format
  "LOG_LEVEL" .Values.log.level
  "LISTEN_PORT" (include "onecloud-operator.text" .Values.port)
  "LEADER_ELECTION" (toString .Values.leaderElection.enabled)
}}
{{- if $value }}
- name: ONECLOUD_OPERATOR_{{ $name }}
  value: {{ $value | quote }}
{{- end }}
{{- end }}
{{- if .Values.leaderElection.enabled }}
- name: ONECLOUD_OPERATOR_LEASE_NAME
  value: {{ include "onecloud-operator.leaseName" . }}
- name: ONECLOUD_OPERATOR_LEASE_NAMESPACE
  value: {{ include "onecloud-operator.namespace" . | quote }}
- name: ONECLOUD_OPERATOR_LEASE_DURATION_SECONDS
  value: {{ include "onecloud-operator.text" .Values.leaderElection.durationSeconds | quote }}
- name: ONECLOUD_OPERATOR_LEASE_DEADLINE_SECONDS
  value: {{ include "onecloud-operator.text" .Values.leaderElection.deadlineSeconds | quote }}
- name: ONECLOUD_OPERATOR_LEASE_RENEW_SECONDS
  value: {{ include "onecloud-operator.text" .Values.leaderElection.renewSeconds | quote }}
{{- end }}
{{- range $name, $value := .Values.settings }}
- name: ONECLOUD_OPERATOR_{{ $name | snakecase | upper }}
  value: {{ include "onecloud-operator.text" $value | quote }}
{{- end }}
{{- with .Values.extraEnv }}
{{ toYaml . }}
{{- end }}
{{- end }}

{{- /* A value as the operator reads it: lists with commas, whole numbers without an exponent. */}}
{{- define "onecloud-operator.text" -}}
{{- if kindIs "slice" . }}
{{- join "," . }}
{{- else if kindIs "float64" . }}
{{- if eq . (floor .) }}{{ printf "%.0f" . }}{{ else }}{{ . }}{{ end }}
{{- else }}
{{- toString . }}
{{- end }}
{{- end }}

{{- /* What every Pod has, whatever it runs. */}}
{{- define "onecloud-operator.pod" -}}
serviceAccountName: {{ include "onecloud-operator.serviceAccountName" . }}
automountServiceAccountToken: {{ .Values.serviceAccount.automount }}
{{- $secrets := list }}
{{- range concat (default (list) (.Values.global).imagePullSecrets) .Values.imagePullSecrets }}
{{- $secrets = append $secrets (kindIs "string" . | ternary (dict "name" .) .) }}
{{- end }}
{{- with $secrets | uniq }}
imagePullSecrets:
  {{- toYaml . | nindent 2 }}
{{- end }}
# Variables that Kubernetes makes of a Service's name would be taken for settings.
enableServiceLinks: false
{{- with .Values.podSecurityContext }}
securityContext:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.hostAliases }}
hostAliases:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- if .Values.hostNetwork }}
hostNetwork: true
{{- end }}
{{- with default (ternary "ClusterFirstWithHostNet" "" .Values.hostNetwork) .Values.dnsPolicy }}
dnsPolicy: {{ . }}
{{- end }}
{{- with .Values.dnsConfig }}
dnsConfig:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.nodeSelector }}
nodeSelector:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.tolerations }}
tolerations:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.extraVolumes }}
volumes:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end }}

{{- /* What the operator's container and the test's have in common. */}}
{{- define "onecloud-operator.container" -}}
image: {{ include "onecloud-operator.image" . }}
imagePullPolicy: {{ .Values.image.pullPolicy }}
env:
  {{- include "onecloud-operator.env" . | nindent 2 }}
{{- with .Values.extraEnvFrom }}
envFrom:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.extraVolumeMounts }}
volumeMounts:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.resources }}
resources:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.securityContext }}
securityContext:
  {{- toYaml . | nindent 2 }}
{{- end }}
terminationMessagePolicy: FallbackToLogsOnError
{{- end }}
