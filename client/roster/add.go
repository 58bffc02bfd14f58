package roster

// Add adds findings that were made by other means, in their place.
func (r *Report) Add(findings ...Finding) {
	r.Findings = append(r.Findings, findings...)
	r.sort()
}
