package config

import (
	"fmt"
	"strings"
)

// unknownKey says which known key was probably meant ("" when none is near)
// and what to do.
func unknownKey(key string, known []string) (meant, want string) {
	switch key {
	case "password":
		for _, k := range known {
			if k == "password_file" {
				return k, "put the password into a file of its own and name it in password_file"
			}
		}
	case "token":
		for _, k := range known {
			if k == "token_file" {
				return k, "put the token into a file of its own and name it in token_file"
			}
		}
	}
	if meant = nearest(key, known); meant != "" {
		return meant, fmt.Sprintf("did you mean %s?", meant)
	}
	return "", "known here: " + strings.Join(known, ", ")
}

// nearest returns the candidate a typing mistake away from s, or "".
func nearest(s string, candidates []string) string {
	fold := func(s string) string {
		return strings.NewReplacer("-", "", "_", "", " ", "").Replace(strings.ToLower(s))
	}
	best, found := 1+len(s)/4, ""
	if len(s) > 60 {
		return ""
	}
	for _, c := range candidates {
		d := distance(fold(s), fold(c))
		if strings.HasPrefix(c, s) && len(s) >= 3 {
			d = 0
		}
		if d < best || d == best && found == "" {
			best, found = d, c
		}
	}
	return found
}

// distance is the number of letters to insert, delete, change or swap with a
// neighbour to make b of a (optimal string alignment).
func distance(a, b string) int {
	rows := make([][]int, len(a)+1)
	for i := range rows {
		rows[i] = make([]int, len(b)+1)
		rows[i][0] = i
	}
	for j := range rows[0] {
		rows[0][j] = j
	}
	for i := 1; i <= len(a); i++ {
		for j := 1; j <= len(b); j++ {
			cost := 1
			if a[i-1] == b[j-1] {
				cost = 0
			}
			rows[i][j] = min(rows[i-1][j]+1, rows[i][j-1]+1, rows[i-1][j-1]+cost)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				rows[i][j] = min(rows[i][j], rows[i-2][j-2]+1)
			}
		}
	}
	return rows[len(a)][len(b)]
}
