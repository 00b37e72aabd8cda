package sensors

import (
	"fmt"
	"strings"
)

// PointID names one measured quantity at one place: "site/zone/point", each
// part an ASCII slug of [a-z0-9-]. Example: "balagong/mutton-1/air".
type PointID string

// MaxIDLength bounds a PointID so that hostile input cannot grow tables.
const MaxIDLength = 120

// maxSlug is the longest name.
const maxSlug = 40

// IsSlug reports whether s may be used as the name of a site, zone, point,
// gateway, device or batch profile: 1 to 40 characters of [a-z0-9-], beginning
// and ending with a letter or digit.
func IsSlug(s string) bool {
	// Not a regular expression: every record passes here several times.
	if len(s) == 0 || len(s) > maxSlug || s[0] == '-' || s[len(s)-1] == '-' {
		return false
	}
	for i := range len(s) {
		if c := s[i]; (c < 'a' || c > 'z') && (c < '0' || c > '9') && c != '-' {
			return false
		}
	}
	return true
}

// ParsePointID checks s and returns it as a PointID. The error says which part
// is wrong and what a right one looks like.
func ParsePointID(s string) (PointID, error) {
	if len(s) > MaxIDLength {
		return "", fmt.Errorf("point name of %d characters is too long (at most %d)", len(s), MaxIDLength)
	}
	parts := strings.Split(s, "/")
	if len(parts) != 3 {
		return "", fmt.Errorf("point %q: want site/zone/point", s)
	}
	for _, p := range parts {
		if !IsSlug(p) {
			return "", fmt.Errorf("point %q: %q is not a name of lower-case letters, digits and hyphens", s, p)
		}
	}
	return PointID(s), nil
}

// Site returns the site's name, the part before the first slash.
func (p PointID) Site() string {
	site, _, _ := strings.Cut(string(p), "/")
	return site
}

// Zone returns the zone as "site/zone", which is unique in the county.
func (p PointID) Zone() string {
	if i := strings.LastIndexByte(string(p), '/'); i > 0 {
		return string(p[:i])
	}
	return string(p)
}

// Name returns the last part, the point's name inside its zone.
func (p PointID) Name() string {
	return string(p[strings.LastIndexByte(string(p), '/')+1:])
}

// Point declares what is measured where.
type Point struct {
	ID       PointID
	Quantity Quantity
}
