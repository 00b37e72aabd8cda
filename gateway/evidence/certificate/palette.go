package certificate

import "coldchain/gateway/paper"

// colour is a colour of the sheet. Nothing is told by colour alone.
type colour = paper.Colour

// The palette: ink on white, one accent, and the three of a verdict, dark enough
// to be read when printed in grey.
var (
	ink     = colour{0x16, 0x20, 0x2b}
	soft    = colour{0x5c, 0x68, 0x75}
	faint   = colour{0xd4, 0xd9, 0xde}
	wash    = colour{0xf4, 0xf6, 0xf7}
	accent  = colour{0x12, 0x44, 0x5c}
	inside  = colour{0xe3, 0xef, 0xeb} // between the limits
	course  = colour{0x1f, 0x5f, 0x7a} // the line
	good    = colour{0x1d, 0x6b, 0x45}
	amber   = colour{0x9a, 0x5b, 0x00}
	red     = colour{0xa8, 0x1c, 0x1c}
	ghost   = colour{0xe9, 0xeb, 0xed} // a gap
	whisper = colour{0xf2, 0xf3, 0xf4} // the word across a demonstration's sheet
)

func (t tone) colour() colour {
	switch t {
	case calm:
		return good
	case waiting:
		return amber
	case severe:
		return red
	}
	return soft
}
