package evidence

// maxElements bounds the members of objects and the elements of arrays in a file. Each
// can take a hundred bytes of memory, and a few in the file; honest files have some
// thousands.
const maxElements = 1 << 20

// tooManyElements reports whether JSON has more than maxElements. It does not matter
// what it says of what is no JSON.
func tooManyElements(data []byte) bool {
	elements, inString := 0, false
	for i := 0; i < len(data); i++ {
		switch c := data[i]; {
		case inString && c == '\\':
			i++
		case c == '"':
			inString = !inString
		case !inString && (c == ',' || c == '{' || c == '['):
			elements++
		}
	}
	return elements > maxElements
}
