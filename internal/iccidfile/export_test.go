package iccidfile

// SetMostNumbers sets how many ICCIDs a job may have, until the returned function is called.
func SetMostNumbers(n int) (end func()) {
	was := mostNumbers
	mostNumbers = n
	return func() { mostNumbers = was }
}
