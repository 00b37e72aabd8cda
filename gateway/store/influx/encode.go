package influx

import (
	"strconv"
	"strings"
	"time"

	"coldchain/gateway/store"
	"coldchain/sensors"
)

// The names of fields and tags. A field never changes its type: InfluxDB would
// refuse the row.
const (
	fieldValue    = "value"    // float; absent when the quality is bad
	fieldRaw      = "raw"      // float; only when it differs from the value
	fieldQuality  = "quality"  // string; absent when good
	fieldReason   = "reason"   // string; absent when there is none
	fieldFlags    = "flags"    // string; absent when none is set
	fieldGateway  = "gateway"  // string
	fieldEpoch    = "epoch"    // integer
	fieldSequence = "sequence" // integer

	tagCounty = "county"
	tagPoint  = "point" // site/zone/point
	tagSite   = "site"
	tagZone   = "zone" // site/zone

	reconstructed = "reconstructed" // a word of fieldFlags
)

// appendTags writes a point's tags, sorted as InfluxDB likes them.
func appendTags(b []byte, county string, p sensors.PointID) []byte {
	for _, tag := range [...]struct{ key, value string }{
		{tagCounty, county}, {tagPoint, string(p)}, {tagSite, p.Site()}, {tagZone, p.Zone()},
	} {
		b = append(b, ',')
		b = append(b, tag.key...)
		b = append(b, '=')
		b = appendName(b, tag.value)
	}
	return b
}

// appendName writes a measurement or tag. The escapes are those line protocol
// has; a newline or a trailing backslash has none, so callers pass only slugs.
func appendName(b []byte, s string) []byte {
	if !strings.ContainsAny(s, ",= ") { // nearly always
		return append(b, s...)
	}
	for i := range len(s) {
		switch s[i] {
		case ',', '=', ' ':
			b = append(b, '\\')
		}
		b = append(b, s[i])
	}
	return b
}

// appendRecord writes one line without its newline. tags is what appendTags
// made of the record's point. Times go out as whole milliseconds in
// nanoseconds, the precision the client asks for.
func appendRecord(b []byte, tags []byte, r store.Record) []byte {
	b = appendName(b, string(r.Quantity))
	b = append(b, tags...)
	b = append(b, " "+fieldEpoch+"="...)
	b = strconv.AppendUint(b, r.Epoch, 10)
	b = append(b, "i,"+fieldSequence+"="...)
	b = strconv.AppendUint(b, r.Seq, 10)
	b = append(b, "i,"+fieldGateway+"="...)
	b = appendText(b, r.Gateway)
	if v, ok := r.Value(); ok {
		b = appendFloat(append(b, ","+fieldValue+"="...), v)
	}
	if v, ok := r.Raw(); ok {
		b = appendFloat(append(b, ","+fieldRaw+"="...), v)
	}
	if r.Quality != sensors.Good {
		b = appendText(append(b, ","+fieldQuality+"="...), r.Quality.String())
	}
	if r.Reason != sensors.NoReason {
		b = appendText(append(b, ","+fieldReason+"="...), string(r.Reason))
	}
	if r.Reconstructed {
		b = appendText(append(b, ","+fieldFlags+"="...), reconstructed)
	}
	b = append(b, ' ')
	return strconv.AppendInt(b, r.Time.UnixMilli()*int64(time.Millisecond), 10)
}

// appendFloat writes the shortest digits that read back as v.
func appendFloat(b []byte, v float64) []byte { return strconv.AppendFloat(b, v, 'g', -1, 64) }

// appendText writes a string field's value with its quotes.
func appendText(b []byte, s string) []byte {
	b = append(b, '"')
	if !strings.ContainsAny(s, `"\`) { // nearly always
		return append(append(b, s...), '"')
	}
	for i := range len(s) {
		if s[i] == '"' || s[i] == '\\' {
			b = append(b, '\\')
		}
		b = append(b, s[i])
	}
	return append(b, '"')
}
