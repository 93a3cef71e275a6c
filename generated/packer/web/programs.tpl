# Written by fleetgen from fleet.yaml. Do not edit: change fleet.yaml and run `fleetgen generate`.
{{- range . }}{{ $target := .Target }}{{ if and (eq .Class "lang-pkgs") (regexMatch "^usr/bin/docker[^/]*$" $target) }}{{ range .Vulnerabilities }}
  - { id: "{{ .VulnerabilityID }}", paths: ["{{ $target }}"], expired_at: 2027-01-31 }{{ end }}{{ end }}{{ end }}
{{- range . }}{{ $target := .Target }}{{ if and (eq .Class "lang-pkgs") (regexMatch "^usr/bin/containerd[^/]*$" $target) }}{{ range .Vulnerabilities }}
  - { id: "{{ .VulnerabilityID }}", paths: ["{{ $target }}"], expired_at: 2027-01-31 }{{ end }}{{ end }}{{ end }}
{{- range . }}{{ $target := .Target }}{{ if and (eq .Class "lang-pkgs") (regexMatch "^usr/bin/runc$" $target) }}{{ range .Vulnerabilities }}
  - { id: "{{ .VulnerabilityID }}", paths: ["{{ $target }}"], expired_at: 2027-01-31 }{{ end }}{{ end }}{{ end }}
{{- range . }}{{ $target := .Target }}{{ if and (eq .Class "lang-pkgs") (regexMatch "^usr/bin/ctr$" $target) }}{{ range .Vulnerabilities }}
  - { id: "{{ .VulnerabilityID }}", paths: ["{{ $target }}"], expired_at: 2027-01-31 }{{ end }}{{ end }}{{ end }}
