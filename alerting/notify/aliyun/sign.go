package aliyun

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"coldchain/alerting/notify"
)

// call is one request of an RPC API of 阿里云, its parameters in the query.
type call struct {
	host, action, version string
	query                 url.Values
	at                    time.Time // within 15 minutes of theirs
	nonce                 string    // never the same twice
}

// sign returns the headers of the call, Authorization among them: signature
// method V3 (ACS3-HMAC-SHA256) over a POST of "/" with an empty body.
//
// https://help.aliyun.com/zh/sdk/product-overview/v3-request-structure-and-signature
func (c call) sign(keyID string, secret notify.Secret) http.Header {
	body := hex.EncodeToString(sha256.New().Sum(nil))
	values := map[string]string{
		"host": c.host, "x-acs-action": c.action, "x-acs-version": c.version, "x-acs-signature-nonce": c.nonce,
		"x-acs-date": c.at.UTC().Format("2006-01-02T15:04:05Z"), "x-acs-content-sha256": body,
	}
	var names []string
	for name := range values {
		names = append(names, name)
	}
	slices.Sort(names)
	signed := strings.Join(names, ";")
	var canonical strings.Builder
	canonical.WriteString("POST\n/\n" + c.canonicalQuery() + "\n")
	for _, name := range names {
		canonical.WriteString(name + ":" + strings.TrimSpace(values[name]) + "\n")
	}
	canonical.WriteString("\n" + signed + "\n" + body)

	const algorithm = "ACS3-HMAC-SHA256"
	digest := sha256.Sum256([]byte(canonical.String()))
	mac := hmac.New(sha256.New, []byte(secret.Reveal()))
	mac.Write([]byte(algorithm + "\n" + hex.EncodeToString(digest[:])))
	headers := http.Header{}
	for name, value := range values {
		headers.Set(name, value)
	}
	headers.Set("Authorization", algorithm+" Credential="+keyID+",SignedHeaders="+signed+",Signature="+hex.EncodeToString(mac.Sum(nil)))
	return headers
}

// canonicalQuery is the query sorted by name, encoded by RFC 3986. It is what
// is sent, too.
func (c call) canonicalQuery() string {
	// url.Values sorts; it differs from the RFC in the space alone.
	return strings.ReplaceAll(c.query.Encode(), "+", "%20")
}
