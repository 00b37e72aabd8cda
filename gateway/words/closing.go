package words

// Closing is what a code says with which an alarm is closed: a cause, an action
// or an outcome of alerting/duty. ok is false for any other.
func Closing(code string) (_ Text, ok bool) {
	t, ok := closings[code]
	return t, ok
}

// closings are the phrases by code; "other" is the same for causes and actions.
var closings = map[string]Text{
	"defrost":      {"除霜", "Defrost"},
	"loading":      {"装卸货", "Loading"},
	"power-cut":    {"停电", "Power cut"},
	"door-open":    {"门没关", "Door left open"},
	"compressor":   {"压缩机故障", "Compressor failed"},
	"refrigerant":  {"缺制冷剂", "Refrigerant low"},
	"controller":   {"温控器故障", "Controller failed"},
	"cold-weather": {"天气太冷", "Cold weather"},
	"sensor":       {"探头故障", "Sensor failed"},
	"link":         {"网络故障", "Link failed"},
	"false-alarm":  {"误报", "False alarm"},
	"other":        {"其他（请写明）", "Other (say what)"},

	"waited":          {"等待恢复", "Waited"},
	"closed-door":     {"关门", "Closed the door"},
	"restarted":       {"重新启动", "Restarted"},
	"repaired":        {"已修好", "Repaired"},
	"generator":       {"启用发电机", "Started the generator"},
	"moved-goods":     {"转移货物", "Moved the goods"},
	"heated":          {"加热保温", "Heated"},
	"replaced-sensor": {"更换探头", "Replaced the sensor"},

	"goods-fine":   {"货物完好", "Goods are fine"},
	"goods-held":   {"货物待检", "Goods held for a check"},
	"goods-moved":  {"货物已转库", "Goods moved"},
	"goods-lost":   {"货物报损", "Goods lost"},
	"no-goods":     {"库内无货", "No goods in the room"},
	"sensor-lost":  {"探头报废，数据缺失", "Sensor lost, minutes are a gap"},
	"no-excursion": {"没有超温", "No excursion"},
}
