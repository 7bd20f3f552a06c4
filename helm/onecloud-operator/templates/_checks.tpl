{{- /* What the schema cannot say, because it lies between two values. */}}
{{- define "onecloud-operator.checks" -}}
{{- with .Values }}
{{- if and (gt (int .replicas) 1) (not .leaderElection.enabled) }}
{{- fail (printf "replicas: %d replicas would all work at once: set leaderElection.enabled, or replicas to 1" (int .replicas)) }}
{{- end }}
{{- if and .selector (not .leaderElection.enabled) }}
{{- fail "selector: needs leaderElection.enabled, so that a shard that is cut off ends by itself" }}
{{- end }}
{{- if and .strategy (ne (toString .strategy.type) "Recreate") (not .leaderElection.enabled) }}
{{- fail "strategy: without leaderElection.enabled the old Pod must end first: it can only be {type: Recreate}" }}
{{- end }}
{{- if not (and (lt (int .leaderElection.renewSeconds) (int .leaderElection.deadlineSeconds)) (lt (int .leaderElection.deadlineSeconds) (int .leaderElection.durationSeconds))) }}
{{- fail "leaderElection: renewSeconds < deadlineSeconds < durationSeconds must hold" }}
{{- end }}
{{- if and .watchNamespaces (not .clusterId) }}
{{- fail "clusterId: must be set with watchNamespaces, because the operator then may not read it from the cluster; use the output of: kubectl get namespace kube-system -o jsonpath={.metadata.uid}" }}
{{- end }}
{{- if and .metrics.serviceMonitor.enabled .metrics.podMonitor.enabled }}
{{- fail "metrics: serviceMonitor and podMonitor would count everything twice: enable one of them" }}
{{- end }}
{{- if and .metrics.serviceMonitor.enabled (not .metrics.service.enabled) }}
{{- fail "metrics.serviceMonitor: needs metrics.service.enabled" }}
{{- end }}
{{- end }}
{{- $alerts := list }}
{{- range (.Files.Get "files/alerts.yaml" | fromYaml).groups }}
{{- range .rules }}
{{- $alerts = append $alerts .alert }}
{{- end }}
{{- end }}
{{- with .Values.metrics.prometheusRule }}
{{- range $name, $said := dict "disabledAlerts" .disabledAlerts "severities" (keys .severities | sortAlpha) }}
{{- range $said }}
{{- if not (has . $alerts) }}
{{- fail (printf "metrics.prometheusRule.%s: there is no alert %s; there are %s" $name . (join ", " $alerts)) }}
{{- end }}
{{- end }}
{{- end }}
{{- end }}
{{- end }}
