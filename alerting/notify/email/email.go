// Package email sends by SMTP, over TLS from the first byte (port 465, the
// norm with Chinese providers) or after STARTTLS. It guarantees that a message
// the server took counts as taken, whatever the connection does afterwards,
// and that a password goes over TLS alone.
package email

import (
	"bytes"
	"context"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/hex"
	"errors"
	"fmt"
	"net"
	netmail "net/mail"
	"net/textproto"
	"strconv"
	"strings"
	"time"

	"github.com/wneessen/go-mail"

	"coldchain/alerting"
	"coldchain/alerting/notify"
)

// TLS says how the connection is encrypted.
type TLS string

// The ways.
const (
	Implicit TLS = "implicit" // from the first byte; port 465
	StartTLS TLS = "starttls" // after a greeting in the clear, and never without; port 587
	None     TLS = "none"     // for a mail server on this machine, without a password
)

// DefaultPort returns the way's usual port.
func (t TLS) DefaultPort() int {
	return map[TLS]int{Implicit: 465, StartTLS: 587, None: 25}[t]
}

const (
	maxText  = 64 << 10
	patience = 30 * time.Second // how long one step of the server may take
	who      = "the mail server"
)

// Options configure a Mailbox.
type Options struct {
	Host     string
	Port     int // default: the way's
	TLS      TLS // default Implicit
	Username string
	Password notify.Secret  // with QQ and 163 the 授权码, not the password of the page
	From     string         // one address; most providers want the username's
	Roots    *x509.CertPool // certificates to trust instead of the system's
	Now      func() time.Time
}

// Mailbox sends from one address.
type Mailbox struct {
	o       Options
	domain  string
	patient time.Duration
}

// New checks the options. It does not ask the server.
func New(o Options) (*Mailbox, error) {
	if o.TLS == "" {
		o.TLS = Implicit
	}
	port := o.TLS.DefaultPort()
	if o.Port == 0 {
		o.Port = port
	}
	from, err := netmail.ParseAddress(o.From)
	switch {
	case port == 0:
		return nil, fmt.Errorf("email: %.20q is no way of encryption: implicit, starttls or none", o.TLS)
	case o.Host == "" || o.Now == nil:
		return nil, errors.New("email: host and clock are needed")
	case err != nil || from.Address != o.From:
		return nil, fmt.Errorf("email: %.100q is not one address, e.g. alarm@example.com", o.From)
	case o.TLS == None && (o.Password.Reveal() != "" || !loopback(o.Host)):
		return nil, errors.New("email: without TLS only a server on this machine, without a password")
	case (o.Username == "") != (o.Password.Reveal() == ""):
		return nil, errors.New("email: username and password belong together")
	}
	return &Mailbox{o, o.From[strings.LastIndex(o.From, "@")+1:], patience}, nil
}

func loopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

// Rates returns 60 an hour: free mailboxes are closed for less than their
// providers admit, so that a storm has to be merged.
func (b *Mailbox) Rates() []notify.Rate { return []notify.Rate{{Count: 60, Per: time.Hour}} }

// Notify sends the message to the recipient's address: title as the subject,
// text and link below. The message's key is in its Message-ID.
func (b *Mailbox) Notify(ctx context.Context, m notify.Message) (notify.Receipt, error) {
	letter, err := b.letter(m)
	if err != nil {
		return notify.Receipt{}, err
	}
	err = b.send(ctx, letter)
	if letter.IsDelivered() {
		// What went wrong after the server took it is no reason to send it again.
		return notify.Receipt{ID: notify.FarText(letter.ServerResponse(), b.o.Password)}, nil
	}
	if err == nil {
		err = errors.New("the message was not taken")
	}
	return notify.Receipt{}, b.failure(ctx, err)
}

// letter builds the message.
func (b *Mailbox) letter(m notify.Message) (*mail.Msg, error) {
	to, err := netmail.ParseAddress(m.To.Email)
	if err != nil || to.Address != m.To.Email {
		return nil, notify.Failed(notify.BadRecipient, "the e-mail address of %s is missing or not one address", notify.FarText(m.To.Name+" "+m.To.Person))
	}
	l := mail.NewMsg()
	if err := errors.Join(l.From(b.o.From), l.To((&netmail.Address{Name: m.To.Name, Address: to.Address}).String())); err != nil {
		return nil, notify.Failed(notify.BadRecipient, "the address cannot be used: %w", err)
	}
	subject := strings.Join(strings.Fields(strings.ToValidUTF8(m.Title, "?")), " ")
	l.Subject(notify.Cut(subject, 200, notify.Runes))
	l.SetDateWithValue(b.o.Now())
	l.SetMessageIDWithValue(messageKey(m.Key) + "@" + b.domain)
	l.SetGenHeader("Auto-Submitted", "auto-generated") // no answer of a holiday
	if m.Level == alerting.Excursion {
		l.SetImportance(mail.ImportanceHigh)
	}
	body := m
	body.Title = ""
	l.SetBodyString(mail.TypeTextPlain, body.Full(maxText, notify.Bytes)+"\n")
	for _, f := range m.Files {
		if err := l.AttachReader(f.Name, bytes.NewReader(f.Body), mail.WithFileContentType(mail.ContentType(f.Type))); err != nil {
			return nil, notify.Failed(notify.Refused, "attach %s: %w", f.Name, err)
		}
	}
	return l, nil
}

// messageKey is the key as the left part of a Message-ID (RFC 5322, dot-atom),
// a digest of it where it has other characters.
func messageKey(key string) string {
	const atom = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
	if key == "" || len(key) > 100 || strings.Trim(key, atom) != "" || strings.ContainsFunc(key, func(r rune) bool { return !strings.ContainsRune(atom, r) }) {
		sum := sha256.Sum256([]byte(key))
		return hex.EncodeToString(sum[:16])
	}
	return key
}

// send has one conversation with the server. The connection is this
// function's own: the library leaves it open when a greeting fails, and looks
// at ctx while it dials alone.
func (b *Mailbox) send(ctx context.Context, letter *mail.Msg) error {
	settings := &tls.Config{ServerName: b.o.Host, RootCAs: b.o.Roots, MinVersion: tls.VersionTLS12}
	var open []net.Conn
	defer func() {
		for _, c := range open {
			_ = c.Close() // already said goodbye, or beyond help
		}
	}()
	dial := func(dialing context.Context, network, address string) (net.Conn, error) {
		conn, err := new(net.Dialer).DialContext(dialing, network, address)
		if err != nil {
			return nil, err
		}
		open = append(open, conn)
		context.AfterFunc(ctx, func() { _ = conn.Close() })
		if b.o.TLS != Implicit {
			return conn, nil
		}
		secure := tls.Client(conn, settings)
		return secure, secure.HandshakeContext(dialing)
	}
	// Opportunistic stands for the two ways that need no STARTTLS here: the
	// library then looks whether the connection is encrypted already.
	policy := mail.TLSOpportunistic
	if b.o.TLS == StartTLS {
		policy = mail.TLSMandatory
	}
	if b.o.TLS == None {
		policy = mail.NoTLS
	}
	options := []mail.Option{
		mail.WithPort(b.o.Port), mail.WithTimeout(b.patient), mail.WithTLSConfig(settings), mail.WithTLSPolicy(policy),
		mail.WithDialContextFunc(dial), mail.WithHELO("[127.0.0.1]"),
	}
	if b.o.Username != "" {
		options = append(options, mail.WithSMTPAuth(mail.SMTPAuthAutoDiscover), mail.WithUsername(b.o.Username), mail.WithPassword(b.o.Password.Reveal()))
	}
	client, err := mail.NewClient(b.o.Host, options...)
	if err != nil {
		return err
	}
	ctx, stop := context.WithCancel(ctx) // ends the watch over the connection
	defer stop()
	session, err := client.DialToSMTPClientWithContext(ctx)
	if err != nil {
		return err
	}
	if err := client.SendWithSMTPClient(session, letter); err != nil {
		return err
	}
	return client.CloseWithSMTPClient(session)
}

// failure says what an error of the conversation means.
func (b *Mailbox) failure(ctx context.Context, err error) *notify.Error {
	if ctx.Err() != nil {
		return notify.Failed(notify.Temporary, "send by %s: %w", b.o.Host, context.Cause(ctx))
	}
	e := &notify.Error{Class: notify.Temporary}
	advice := ""
	var refused *mail.SendError
	var answer *textproto.Error
	var certificate *tls.CertificateVerificationError
	switch {
	case errors.As(err, &certificate):
		e.Class, advice = notify.Configuration, "; check this machine's clock and who answers in its place"
	case errors.As(err, &refused):
		e.Class, advice = meaning(refused)
		if code := refused.ErrorCode(); code != 0 {
			e.Code = strconv.Itoa(code)
		}
	case errors.As(err, &answer):
		e.Code = strconv.Itoa(answer.Code)
		if answer.Code/100 == 5 {
			e.Class, advice = notify.Configuration, "; check username and password (QQ and 163 want the 授权码)"
		}
	case errors.Is(err, mail.ErrNoSupportedAuthDiscovered) || strings.Contains(err.Error(), "does not support STARTTLS"):
		e.Class, advice = notify.Configuration, "; check tls and port"
	}
	e.Err = fmt.Errorf("%s %s: %s%s", who, b.o.Host, notify.FarText(err.Error(), b.o.Password), advice)
	return e
}

// meaning is about an answer to MAIL, RCPT or DATA.
func meaning(e *mail.SendError) (class notify.Class, advice string) {
	// Many servers give a code of RFC 3463 without saying beforehand that they
	// do, and the library reads it of the others alone.
	denied := strings.Contains(e.Error(), "5.7.")
	switch permanent := e.ErrorCode()/100 == 5; {
	case !permanent:
		return notify.Temporary, ""
	case e.Reason == mail.ErrSMTPMailFrom:
		return notify.Configuration, "; check from: most servers want the username's address"
	case e.Reason == mail.ErrSMTPRcptTo && denied:
		return notify.Configuration, "; the server does not send for this user"
	case e.Reason == mail.ErrSMTPRcptTo:
		return notify.BadRecipient, ""
	}
	return notify.Refused, ""
}
