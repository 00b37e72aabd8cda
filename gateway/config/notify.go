package config

// Notify is how people are told.
type Notify struct {
	Channels map[string]Channel `yaml:"channels"` // by name, which the roster uses
}

// Channel is one way to reach people: exactly one of its fields is given.
type Channel struct {
	AliyunVoice *Aliyun   `yaml:"aliyun_voice"`
	AliyunSMS   *Aliyun   `yaml:"aliyun_sms"`
	SMSModem    *SMSModem `yaml:"sms_modem"`
	WeCom       *WeCom    `yaml:"wecom"`
	DingTalk    *DingTalk `yaml:"dingtalk"`
	Feishu      *Feishu   `yaml:"feishu"`
	Email       *Email    `yaml:"email"`
	Webhook     *Webhook  `yaml:"webhook"`
	MQTT        *Topic    `yaml:"mqtt"`
}

// Aliyun is 阿里云's SMS or voice service.
type Aliyun struct {
	Endpoint    string            `yaml:"endpoint"` // default: the service's
	KeyID       string            `yaml:"key_id"`   // AccessKey ID of a RAM user
	SecretFile  string            `yaml:"secret_file"`
	Sign        string            `yaml:"sign"`         // SMS: the approved signature
	Template    string            `yaml:"template"`     // SMS_… or TTS_…
	Variables   map[string]string `yaml:"variables"`    // of the template -> part of the message
	ShownNumber string            `yaml:"shown_number"` // voice: empty in the public mode
}

// SMSModem is a modem with a SIM at this machine.
type SMSModem struct {
	Port  string `yaml:"port"`  // /dev/serial/by-id/…
	Baud  uint32 `yaml:"baud"`  // default 115200
	Parts uint8  `yaml:"parts"` // SMS that a message may take; default 1
}

// WeCom is a 企业微信 group robot.
type WeCom struct {
	Endpoint string `yaml:"endpoint"`
	KeyFile  string `yaml:"key_file"`
}

// DingTalk is a 钉钉 group robot with the security setting 加签.
type DingTalk struct {
	Endpoint   string `yaml:"endpoint"`
	TokenFile  string `yaml:"token_file"`
	SecretFile string `yaml:"secret_file"`
}

// Feishu is a 飞书 group robot with the security setting 签名校验.
type Feishu struct {
	Endpoint   string `yaml:"endpoint"`  // Lark: https://open.larksuite.com/open-apis/bot/v2/hook
	HookFile   string `yaml:"hook_file"` // the last part of the robot's address
	SecretFile string `yaml:"secret_file"`
}

// Email is a mailbox that sends.
type Email struct {
	Host         string `yaml:"host"`
	Port         uint16 `yaml:"port"` // default 465, 587 or 25 by tls
	TLS          string `yaml:"tls"`  // implicit (default), starttls or none
	Username     string `yaml:"username"`
	PasswordFile string `yaml:"password_file"`
	From         string `yaml:"from"`
	CAFile       string `yaml:"ca_file"`
}

// Webhook is any HTTP address.
type Webhook struct {
	URLFile      string `yaml:"url_file"`      // an address is often a secret
	SecretFile   string `yaml:"secret_file"`   // signs; may be absent
	TemplateFile string `yaml:"template_file"` // default: Alertmanager's form
	ContentType  string `yaml:"content_type"`  // default application/json
}

// Topic is a topic of the county's broker.
type Topic struct {
	Topic string `yaml:"topic"`
}

// kinds lists the fields that are given, by key.
func (c Channel) kinds() (out []string) {
	for _, k := range []struct {
		key   string
		given bool
	}{
		{"aliyun_voice", c.AliyunVoice != nil}, {"aliyun_sms", c.AliyunSMS != nil}, {"sms_modem", c.SMSModem != nil},
		{"wecom", c.WeCom != nil}, {"dingtalk", c.DingTalk != nil}, {"feishu", c.Feishu != nil},
		{"email", c.Email != nil}, {"webhook", c.Webhook != nil}, {"mqtt", c.MQTT != nil},
	} {
		if k.given {
			out = append(out, k.key)
		}
	}
	return out
}

// Kind returns the key of the field that is given; "" for none or several.
func (c Channel) Kind() string {
	if k := c.kinds(); len(k) == 1 {
		return k[0]
	}
	return ""
}

// applyDefaults fills what was left out.
func (n *Notify) applyDefaults() {
	for _, c := range n.Channels {
		if c.SMSModem != nil {
			fill(&c.SMSModem.Baud, DefaultModemBaud)
			fill(&c.SMSModem.Parts, 1)
		}
		if c.Email != nil {
			fill(&c.Email.TLS, "implicit")
		}
	}
}
