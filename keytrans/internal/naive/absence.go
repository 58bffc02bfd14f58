package naive

// AbsenceSearch is a search for the greatest version of a label that succeeds
// for a label without any, too.
func (w *World) AbsenceSearch(last *uint64, label string) Trace {
	trace := w.GreatestVersionSearch(last, label)
	if trace.Err == ErrNoVersion && w.Size() > 0 && w.GreatestAt(label, w.Size()-1) == nil {
		trace.Err = ""
	}
	return trace
}
