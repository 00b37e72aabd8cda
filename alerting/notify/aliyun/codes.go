package aliyun

import (
	"strings"
	"time"

	"coldchain/alerting/notify"
	"coldchain/alerting/notify/far"
)

const who = "Aliyun"

const money = "top up the account"

// meanings are the codes of SendSms, SingleCallByTts and of the gateway before
// both.
var meanings = map[string]far.Meaning{
	"InvalidAccessKeyId.NotFound":       {Class: notify.Configuration, Advice: "the key id is wrong"},
	"InvalidAccessKeyId.Inactive":       {Class: notify.Configuration, Advice: "the key is switched off"},
	"SignatureDoesNotMatch":             {Class: notify.Configuration, Advice: "the secret is wrong"},
	"IncompleteSignature":               {Class: notify.Configuration, Advice: "the secret is wrong"},
	"InvalidTimeStamp.Expired":          {Class: notify.Configuration, Advice: "check this machine's clock"},
	"InvalidTimeStamp.Format":           {Class: notify.Configuration, Advice: "check this machine's clock"},
	"IllegalTimestamp":                  {Class: notify.Configuration, Advice: "check this machine's clock"},
	"Forbidden.RAM":                     {Class: notify.Configuration, Advice: "the key's user may not send"},
	"NoPermission":                      {Class: notify.Configuration, Advice: "the key's user may not send"},
	"isp.RAM_PERMISSION_DENY":           {Class: notify.Configuration, Advice: "the key's user may not send"},
	"SignatureNonceUsed":                {Class: notify.Temporary},
	"ServiceUnavailable":                {Class: notify.Temporary},
	"InternalError":                     {Class: notify.Temporary},
	"isp.SYSTEM_ERROR":                  {Class: notify.Temporary},
	"isp.UNKNOWN":                       {Class: notify.Temporary},
	"isp.GATEWAY_ERROR":                 {Class: notify.Temporary},
	"Throttling":                        {Class: notify.Muted, RetryAfter: time.Second},
	"Throttling.User":                   {Class: notify.Muted, RetryAfter: time.Second},
	"Throttling.Api":                    {Class: notify.Muted, RetryAfter: time.Second},
	"isv.DAY_LIMIT_CONTROL":             {Class: notify.Muted, RetryAfter: time.Hour, Advice: "the account's daily limit: raise it in the console"},
	"isv.MONTH_LIMIT_CONTROL":           {Class: notify.Muted, RetryAfter: time.Hour, Advice: "the account's monthly limit: raise it in the console"},
	"isv.MOBILE_NUMBER_ILLEGAL":         {Class: notify.BadRecipient},
	"isv.DOMESTIC_NUMBER_NOT_SUPPORTED": {Class: notify.BadRecipient},
	"isv.MOBILE_COUNT_OVER_LIMIT":       {Class: notify.Refused},
	"isv.OUT_OF_SERVICE":                {Class: notify.Configuration, Advice: money},
	"isv.AMOUNT_NOT_ENOUGH":             {Class: notify.Configuration, Advice: money},
	"isv.PRODUCT_UN_SUBSCRIPT":          {Class: notify.Configuration, Advice: "the service is not opened"},
	"isv.PRODUCT_UNSUBSCRIBE":           {Class: notify.Configuration, Advice: "the service is not opened"},
	"isv.ACCOUNT_NOT_EXISTS":            {Class: notify.Configuration},
	"isv.ACCOUNT_ABNORMAL":              {Class: notify.Configuration},
	"isv.SMS_SIGNATURE_ILLEGAL":         {Class: notify.Configuration, Advice: "the signature is not approved"},
	"isv.SMS_SIGN_ILLEGAL":              {Class: notify.Configuration, Advice: "the signature is not allowed"},
	"isv.SMS_TEMPLATE_ILLEGAL":          {Class: notify.Configuration, Advice: "the template is not approved, or is another account's"},
	"isv.SMS_SIGNATURE_SCENE_ILLEGAL":   {Class: notify.Configuration, Advice: "signature and template do not belong together"},
	"isv.TTS_TEMPLATE_ILLEGAL":          {Class: notify.Configuration, Advice: "the template is not approved"},
	"isv.VOICE_TEMPLATE_ILLEGAL":        {Class: notify.Configuration, Advice: "the template is not approved"},
	"isv.DISPLAY_NUMBER_ILLEGAL":        {Class: notify.Configuration, Advice: "the shown number is not the account's"},
	"isv.TEMPLATE_MISSING_PARAMETERS":   {Class: notify.Configuration, Advice: "the template has a variable that is not configured"},
	"isv.TEMPLATE_PARAMS_ILLEGAL":       {Class: notify.Refused, Advice: "a variable holds what is not allowed, such as a link"},
	"isv.INVALID_PARAMETERS":            {Class: notify.Configuration, Advice: "a variable does not fit the template"},
	"isv.INVALID_JSON_PARAM":            {Class: notify.Refused},
	"isv.PARAM_LENGTH_LIMIT":            {Class: notify.Configuration, Advice: "a variable is longer than the template allows"},
	"isv.PARAM_NOT_SUPPORT_URL":         {Class: notify.Configuration, Advice: "a variable must not hold a link"},
	"isv.BLACK_KEY_CONTROL_LIMIT":       {Class: notify.Refused, Advice: "a variable holds a word that is not allowed"},
	"isv.SMS_CONTENT_ILLEGAL":           {Class: notify.Refused, Advice: "the text holds words that are not allowed"},
	"isv.DENY_IP_RANGE":                 {Class: notify.Configuration, Advice: "this machine's address is outside the mainland or not in the white list"},
	"isv.BUSINESS_LIMIT_CONTROL":        {Class: notify.Muted, RetryAfter: time.Minute, PerRecipient: true},
}

// meaning is the table, with how long a number rests as the explanation says
// it: 触发分钟级流控Permits:1, 触发小时级流控Permits:5, 触发天级流控Permits:10.
func meaning(s said) map[string]far.Meaning {
	m, known := meanings[s.Code]
	if !known || !m.PerRecipient {
		return meanings
	}
	switch {
	case strings.Contains(s.Message, "天级"):
		m.RetryAfter = 12 * time.Hour // a day of the calendar, whose end may be near
	case strings.Contains(s.Message, "小时级"):
		m.RetryAfter = time.Hour
	}
	return map[string]far.Meaning{s.Code: m}
}
