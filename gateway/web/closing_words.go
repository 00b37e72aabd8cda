package web

import (
	"coldchain/alerting/duty"
	"coldchain/gateway/config"
)

// closingWord is a code that can be chosen when an alarm is closed.
type closingWord struct {
	Code string `json:"code"`
	ZH   string `json:"zh"`
	EN   string `json:"en"`
}

func closingWordsOf[T ~string](codes []T) []closingWord {
	out := make([]closingWord, 0, len(codes))
	for _, c := range codes {
		w := closingTexts()[string(c)]
		out = append(out, closingWord{string(c), w[0], w[1]})
	}
	return out
}

// closingTexts are the phrases by code; "other" is the same for causes and
// actions.
func closingTexts() map[string][2]string {
	return map[string][2]string{
		string(duty.Defrost):      {"除霜", "Defrost"},
		string(duty.Loading):      {"装卸货", "Loading"},
		string(duty.PowerCut):     {"停电", "Power cut"},
		string(duty.DoorLeftOpen): {"门没关", "Door left open"},
		string(duty.Compressor):   {"压缩机故障", "Compressor failed"},
		string(duty.Refrigerant):  {"缺制冷剂", "Refrigerant low"},
		string(duty.Controller):   {"温控器故障", "Controller failed"},
		string(duty.ColdWeather):  {"天气太冷", "Cold weather"},
		string(duty.SensorFailed): {"探头故障", "Sensor failed"},
		string(duty.LinkFailed):   {"网络故障", "Link failed"},
		string(duty.FalseAlarm):   {"误报", "False alarm"},
		string(duty.OtherCause):   {"其他（请写明）", "Other (say what)"},

		string(duty.Waited):     {"等待恢复", "Waited"},
		string(duty.ClosedDoor): {"关门", "Closed the door"},
		string(duty.Restarted):  {"重新启动", "Restarted"},
		string(duty.Repaired):   {"已修好", "Repaired"},
		string(duty.Generator):  {"启用发电机", "Started the generator"},
		string(duty.MovedGoods): {"转移货物", "Moved the goods"},
		string(duty.Heated):     {"加热保温", "Heated"},
		string(duty.Replaced):   {"更换探头", "Replaced the sensor"},

		string(duty.GoodsFine):   {"货物完好", "Goods are fine"},
		string(duty.GoodsHeld):   {"货物待检", "Goods held for a check"},
		string(duty.GoodsMoved):  {"货物已转库", "Goods moved"},
		string(duty.GoodsLost):   {"货物报损", "Goods lost"},
		string(duty.NoGoods):     {"库内无货", "No goods in the room"},
		string(duty.SensorLost):  {"探头报废，数据缺失", "Sensor lost, minutes are a gap"},
		string(duty.NoExcursion): {"没有超温", "No excursion"},
	}
}

// ClosingText is the phrase of a cause, an action or an outcome; a code that has
// none is shown as it is.
func ClosingText(code string) config.Label {
	w, ok := closingTexts()[code]
	if !ok {
		return config.Label{ZH: code, EN: code}
	}
	return config.Label{ZH: w[0], EN: w[1]}
}
