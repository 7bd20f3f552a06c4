{{- define "onecloud-operator.name" -}}
{{- default .Chart.Name .Values.nameOverride | trunc 63 | trimSuffix "-" }}
{{- end }}

{{- /* At most 55 characters, so that "-metrics" fits behind it: a Service's name may have 63. */}}
{{- define "onecloud-operator.fullname" -}}
{{- $name := include "onecloud-operator.name" . }}
{{- if .Values.fullnameOverride }}
{{- .Values.fullnameOverride }}
{{- else if contains $name .Release.Name }}
{{- .Release.Name | trunc 55 | trimSuffix "-" }}
{{- else }}
{{- printf "%s-%s" .Release.Name $name | trunc 55 | trimSuffix "-" }}
{{- end }}
{{- end }}

{{- define "onecloud-operator.namespace" -}}
{{- default .Release.Namespace .Values.namespaceOverride }}
{{- end }}

{{- /* Name of an object of the whole cluster: (list $ "suffix"). Releases of other namespaces have their own. */}}
{{- define "onecloud-operator.clusterName" -}}
{{- $root := index . 0 -}}
{{ include "onecloud-operator.fullname" $root }}{{ index . 1 }}.{{ include "onecloud-operator.namespace" $root }}
{{- end }}

{{- define "onecloud-operator.serviceAccountName" -}}
{{- if .Values.serviceAccount.create }}
{{- default (include "onecloud-operator.fullname" .) .Values.serviceAccount.name }}
{{- else }}
{{- default "default" .Values.serviceAccount.name }}
{{- end }}
{{- end }}

{{- define "onecloud-operator.leaseName" -}}
{{- default (include "onecloud-operator.fullname" .) .Values.leaderElection.leaseName }}
{{- end }}

{{- define "onecloud-operator.image" -}}
{{- with default .Values.image.registry (.Values.global).imageRegistry }}
{{- printf "%s/" . }}
{{- end }}
{{- with .Values.image }}
{{- if .digest }}
{{- printf "%s@%s" .repository .digest }}
{{- else }}
{{- printf "%s:%s" .repository (default $.Chart.AppVersion .tag) }}
{{- end }}
{{- end }}
{{- end }}

{{- define "onecloud-operator.selectorLabels" -}}
app.kubernetes.io/name: {{ include "onecloud-operator.name" . }}
app.kubernetes.io/instance: {{ toYaml .Release.Name }}
{{- end }}

{{- /*
All labels of an object: (dict "root" $), and "labels" of its own. Of two with one name the one counts that
comes first here: selectors and Helm rely on theirs, the rest are the user's to set.
*/}}
{{- define "onecloud-operator.labels" -}}
{{- $own := include "onecloud-operator.selectorLabels" .root | fromYaml }}
{{- with .root }}
{{- $_ := set $own "helm.sh/chart" (printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" | trunc 63 | trimSuffix "-") }}
{{- $_ := set $own "app.kubernetes.io/managed-by" .Release.Service }}
{{- end }}
{{- $usual := dict "app.kubernetes.io/version" .root.Chart.AppVersion "app.kubernetes.io/part-of" .root.Chart.Name }}
{{- toYaml (merge $own (default (dict) .labels) (default (dict) .root.Values.commonLabels) $usual) }}
{{- end }}

{{- /*
Labels and annotations of any object: (dict "root" $), and "labels" and "annotations" of its own.
*/}}
{{- define "onecloud-operator.marks" -}}
labels:
  {{- include "onecloud-operator.labels" . | nindent 2 }}
{{- with merge (dict) (default (dict) .annotations) .root.Values.commonAnnotations }}
annotations:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end }}

{{- /*
Metadata of a namespaced object: the same dict; with "name", or a "suffix" to the full name, and "namespace", where they
are not the usual ones.
*/}}
{{- define "onecloud-operator.metadata" -}}
name: {{ default (printf "%s%s" (include "onecloud-operator.fullname" .root) (default "" .suffix)) .name }}
namespace: {{ default (include "onecloud-operator.namespace" .root) .namespace | toYaml }}
{{ include "onecloud-operator.marks" . }}
{{- end }}
