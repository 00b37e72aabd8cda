package web

import (
	"reflect"
	"slices"

	"coldchain/gateway/files"
	"coldchain/gateway/report"
)

// described is one route of the API in words, with the types that its handler
// reads and writes. describe_test.go holds answers against them.
type described struct {
	route  string // "METHOD /path" below /api/v1
	id     string
	zh, en string
	in     reflect.Type // of a JSON body; nil: none
	needs  string       // fields of it that have to be there, by spaces
	out    reflect.Type // of the good answer; nil: media says
	params string       // names of known parameters, by spaces; "!" after one that has to be there
	media  string       // of an answer that is no JSON of out
}

func typ[T any]() reflect.Type { return reflect.TypeFor[T]() }

// describedRoutes are all routes below /api/v1. A route without its line here
// fails a test, and so does a line without a route.
func describedRoutes() []described {
	return slices.Concat(describedPresent(), describedAlarms(), describedBatches(), describedPapers(), describedPeople(), describedDoor())
}

func describedPresent() []described {
	return []described{
		{route: "GET /openapi.json", id: "getDocument", zh: "本文件（OpenAPI 3.1）", en: "This document (OpenAPI 3.1)", media: "application/json"},
		{route: "GET /sites", id: "listSites", zh: "旗县、站点与网关", en: "The county, its sites and their gateways", out: typ[sitesAnswer]()},
		{route: "GET /zones", id: "listZones", zh: "所有库区的当前状态", en: "Every zone as it is now", out: typ[zonesAnswer](), params: "sparkline"},
		{route: "GET /points", id: "listPoints", zh: "测点与最新读数", en: "Points with their newest readings", out: typ[pointsAnswer](), params: "zone"},
		{route: "GET /readings", id: "getReadings", zh: "一个测点的历史：原始读数，或按桶的最小/最大/平均", en: "A point's history: raw readings, or lowest, highest and mean of each bucket", out: typ[rawAnswer](), params: "point! from to buckets"},
		{route: "GET /export", id: "exportReadings", zh: "一个测点的全部读数（CSV，末行为 # complete,N）", en: "All readings of a point as CSV; the last line is # complete,N", params: "point! from! to! format", media: "text/csv"},
		{route: "GET /events", id: "listenEvents", zh: "实时事件（SSE）", en: "Live events (server-sent)", media: "text/event-stream"},
		{route: "GET /operations", id: "getOperations", zh: "网关、存储、备份的运行情况", en: "How gateways, store and backup are doing", out: typ[operationsAnswer]()},
		{route: "GET /quarantine", id: "listQuarantine", zh: "被隔离的消息", en: "Messages that were put aside", out: typ[quarantineAnswer](), params: "limit"},
		{route: "GET /trips", id: "listTrips", zh: "车辆的行程，新的在前", en: "Trips of trucks, newest first", out: typ[tripsAnswer](), params: "truck batch from to open limit cursor"},
		{route: "GET /trips/{id}", id: "getTrip", zh: "一次行程：阶段、停靠、货物、温度、报警", en: "One trip: phases, stops, goods, temperatures and alarms", out: typ[report.TripReport]()},
		{route: "GET /calibrations", id: "listCalibrations", zh: "探头校准到何时有效", en: "Until when probes are calibrated", out: typ[calibrationsAnswer]()},
		{route: "GET /audit", id: "searchAudit", zh: "谁改了什么，新的在前；before 取更早的", en: "Who changed what, newest first; `before` asks for what is older", out: typ[auditAnswer](), params: "before who action object from to limit"},
		{route: "GET /gaps", id: "listGaps", zh: "申报的数据缺口", en: "Gaps that gateways declared", out: typ[gapsAnswer](), params: "site from to limit"},
	}
}

func describedAlarms() []described {
	return []described{
		{route: "GET /alarms", id: "listAlarms", zh: "报警：需要人处理的在前，其余按开始时间倒序", en: "Alarms: those that need somebody first, then by start, newest first", out: typ[alarmsJSON](), params: "state zone batch limit cursor"},
		{route: "GET /queue", id: "listQueue", zh: "等质量员看的迟到报警", en: "Late alarms that wait for the quality officer", out: typ[alarmsJSON]()},
		{route: "GET /closing-words", id: "listClosingWords", zh: "关闭报警可选的原因、措施和结果", en: "Causes, actions and outcomes to close an alarm with", out: typ[closingWordsAnswer]()},
		{route: "GET /alarms/{id}", id: "getAlarm", zh: "一条报警，含通知了谁、下一个是谁", en: "One alarm, with who was told and who is next", out: typ[wholeAnswer]()},
		{route: "POST /alarms/{id}/acknowledge", id: "acknowledgeAlarm", zh: "确认报警", en: "Acknowledge an alarm", in: typ[acknowledgeInput](), out: typ[acknowledgedAnswer]()},
		{route: "POST /alarms/{id}/steps", id: "takeAlarmStep", zh: "处理报警的一步", en: "Take a step towards an alarm", in: typ[stepInput](), needs: "actor step", out: typ[wholeAnswer]()},
		{route: "POST /alarms/{id}/closing", id: "closeAlarm", zh: "关闭报警", en: "Close an alarm", in: typ[closingInput](), needs: "actor cause action outcome", out: typ[wholeAnswer]()},
		{route: "POST /alarms/{id}/signature", id: "signAlarm", zh: "严重报警的第二人签字", en: "The second person's signature under a severe alarm", in: typ[actorInput](), needs: "actor", out: typ[wholeAnswer]()},
		{route: "POST /alarms/{id}/look", id: "lookAtAlarm", zh: "质量员看过迟到报警", en: "The quality officer has looked at a late alarm", in: typ[lookInput](), needs: "actor note", out: typ[wholeAnswer]()},
		{route: "POST /alarms/{id}/shelf", id: "shelveAlarm", zh: "搁置报警，最长 72 小时", en: "Shelve an alarm for at most 72 hours", in: typ[shelfInput](), needs: "actor until reason", out: typ[wholeAnswer]()},
		{route: "DELETE /alarms/{id}/shelf", id: "unshelveAlarm", zh: "取消搁置", en: "Take an alarm from the shelf", in: typ[actorInput](), needs: "actor", out: typ[wholeAnswer]()},
	}
}

func describedBatches() []described {
	dossier := func(route, id, zh, en string, in reflect.Type, needs string) described {
		return described{route: "POST /batches/{id}/" + route, id: id, zh: zh, en: en, in: in, needs: needs, out: typ[dossierAnswer]()}
	}
	return []described{
		{route: "GET /batches", id: "listBatches", zh: "批次，新的在前", en: "Batches, newest first", out: typ[batchesAnswer](), params: "search zone site verdict alarms short limit cursor"},
		{route: "POST /batches", id: "createBatch", zh: "登记一个批次并放入库区", en: "Book a batch in: it is made and lies in a zone", in: typ[newBatch](), needs: "id product zone", out: typ[batchAnswer]()},
		{route: "GET /batches/{id}", id: "getBatch", zh: "一个批次和它在哪里放过", en: "One batch and where it lay", out: typ[batchAnswer]()},
		{route: "GET /batches/{id}/exposure", id: "getExposure", zh: "批次经历的温度，逐段列出", en: "What a batch went through, interval by interval", out: typ[exposureAnswer]()},
		{route: "GET /batches/{id}/dossier", id: "getDossier", zh: "批次的全部档案", en: "All that is known of a batch", out: typ[dossierAnswer]()},
		{route: "GET /batches/{id}/recall", id: "getRecall", zh: "批次的每一部分去了哪里", en: "Where every part of a batch went", out: typ[recallAnswer]()},
		{route: "GET /batches/{id}/epcis", id: "getEPCIS", zh: "批次的 EPCIS 2.0 文件", en: "The batch's EPCIS 2.0 document", media: "application/ld+json"},
		{route: "POST /batches/{id}/moves", id: "moveBatch", zh: "移动批次；zone 为空表示离开冷链", en: `Move a batch; an empty zone: it leaves the cold chain`, in: typ[moveInput](), out: typ[batchAnswer]()},
		dossier("handovers", "addHandover", "交接", "A handover", typ[handoverInput](), "actor from to outcome"),
		dossier("details", "setDetails", "货主、保管人、承运人、编码", "Owner, keeper, carrier and codes", typ[detailsInput](), "actor"),
		dossier("documents", "addDocument", "单证", "A paper", typ[documentInput](), "actor kind number date"),
		dossier("inspections", "addInspection", "检验", "An inspection", typ[inspectionInput](), "actor item pass"),
		dossier("temperatures", "addTemperature", "人工测温", "A temperature that somebody measured", typ[manualInput](), "actor value_c"),
		dossier("stays", "correctStays", "更正它在哪里放过", "Correct where it lay", typ[staysInput](), "actor stays reason"),
		dossier("taking-out", "takeOut", "从大包装里取出", "Taken out of its container", typ[whenInput](), "actor"),
		dossier("closing", "closeBatch", "批次已无剩余", "Nothing is left of it", typ[whenInput](), "actor reason"),
		dossier("verdicts", "addVerdict", "质量判定", "A verdict", typ[verdictInput](), "actor decision reason"),
		dossier("verdicts/{version}/signature", "signVerdict", "判定的第二人签字", "The second person's signature under a verdict", typ[signatureInput](), "actor"),
		{route: "POST /derivations", id: "deriveBatches", zh: "分割、合并、加工、组包", en: "Split, merge, transform or aggregate batches", in: typ[derivationInput](), needs: "actor relation inputs outputs", out: typ[dossierAnswer]()},
		{route: "POST /temperatures", id: "addZoneTemperature", zh: "探头坏时库房的人工测温", en: "A room's temperature while its probe has failed", in: typ[manualInput](), needs: "actor zone value_c", out: typ[temperatureAnswer]()},
		{route: "POST /batches/{id}/loggers", id: "attachLogger", zh: "附上随车记录仪的文件；check=true 只看不存（答 200）", en: "Attach the file of a logger that travelled along; check=true only looks at it, and answers 200", out: typ[dossierAnswer]()},
		{route: "GET /batches/{id}/loggers/{number}", id: "getLogger", zh: "一份记录仪文件的读数", en: "The values of a logger's file", out: typ[loggerValuesAnswer]()},
		{route: "POST /files", id: "sendFile", zh: "上传照片或单证：正文就是文件，最大 12 MiB", en: "Send a photo or a paper: the body is the file, at most 12 MiB", out: typ[files.File]()},
		{route: "GET /files/{sum}", id: "getFile", zh: "取一个文件", en: "A file", media: "image/jpeg image/png application/pdf"},
		{route: "GET /import/template", id: "getImportTemplate", zh: "空的导入表", en: "An empty list to fill in", params: "format", media: "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet text/csv"},
		{route: "POST /import/batches", id: "importBatches", zh: "导入批次表；逐行 JSON 进度，末行为结果", en: "Book a list of batches; lines of JSON, the last one is the result", media: "application/x-ndjson"},
	}
}

func describedPapers() []described {
	return []described{
		{route: "GET /batches/{id}/certificates", id: "listCertificates", zh: "批次的冷链证明，新的在前", en: "A batch's certificates, newest first", out: typ[certificatesAnswer](), params: "limit cursor"},
		{route: "POST /batches/{id}/certificates", id: "makeCertificate", zh: "出具冷链证明", en: "Make a certificate", in: typ[newCertificate](), needs: "actor", out: typ[certificateAnswer]()},
		{route: "GET /certificates/{number}/{form}", id: "getCertificate", zh: "一份证明：form 为 json（签名文件）、html、pdf 或 tsr（RFC 3161 时间戳）", en: "One certificate; form is json (the signed file), html, pdf or tsr (its RFC 3161 time stamp)", media: "application/json text/html application/pdf application/timestamp-reply"},
		{route: "GET /keys", id: "getKeys", zh: "验证证明的公钥", en: "Public keys to verify certificates with", media: "application/json"},
		{route: "GET /reports", id: "getFiling", zh: "最近的月通报到了哪一步", en: "How the newest monthly report stands", out: typ[filingAnswer]()},
		{route: "GET /reports/{kind}", id: "getReport", zh: "报表：daily、weekly、monthly、half-year、shipment、trip 或 load", en: "A report: daily, weekly, monthly, half-year, shipment, trip or load", params: "site batch trip date format lang", media: "text/html application/json application/vnd.openxmlformats-officedocument.spreadsheetml.sheet application/pdf"},
		{route: "POST /reports/{kind}/steps", id: "markReport", zh: "月通报审核或报送", en: "The monthly report was reviewed or sent", in: typ[reportStepInput](), needs: "actor from step", out: typ[filingAnswer]()},
		{route: "GET /inspections-links", id: "listInspectionLinks", zh: "检查链接（不含地址）", en: "Links of inspectors, without their addresses", out: typ[inspectionsAnswer](), params: "limit cursor"},
		{route: "POST /inspections-links", id: "makeInspectionLink", zh: "出具检查链接", en: "Make a link for an inspector", in: typ[inspectionLinkInput](), needs: "actor zones from to until", out: typ[inspectionLinkAnswer]()},
		{route: "DELETE /inspections-links/{id}", id: "revokeInspectionLink", zh: "撤销检查链接", en: "Revoke a link", in: typ[actorInput](), needs: "actor", out: typ[inspectionsAnswer]()},
	}
}

func describedPeople() []described {
	return []described{
		{route: "GET /people", id: "getPeople", zh: "名单与通知计划", en: "The roster and the plan of telling", out: typ[rosterJSON]()},
		{route: "PUT /people", id: "putPeople", zh: "更新名单与计划", en: "Replace roster and plan", in: typ[rosterInput](), needs: "actor version roster plan", out: typ[rosterJSON]()},
		{route: "PUT /people/{id}/pin", id: "setPIN", zh: "设置密码（四位数字）", en: "Set a PIN", in: typ[pinInput](), needs: "actor new", out: typ[pinsAnswer]()},
		{route: "DELETE /people/{id}/pin", id: "forgetPIN", zh: "清除密码", en: "Reset a PIN", in: typ[actorInput](), needs: "actor", out: typ[pinsAnswer]()},
		{route: "GET /drills", id: "listDrills", zh: "演练", en: "Drills", out: typ[drillsAnswer]()},
		{route: "GET /channels", id: "listChannels", zh: "通知渠道的情况", en: "How the channels of telling are doing", out: typ[channelsAnswer]()},
		{route: "GET /outages", id: "listOutages", zh: "计划停电与检修", en: "Planned outages and maintenance", out: typ[outagesAnswer](), params: "limit cursor"},
		{route: "POST /outages", id: "planOutage", zh: "计划停电或检修", en: "Plan an outage or maintenance", in: typ[outageInput](), needs: "actor object kind until reason", out: typ[outageAnswer]()},
		{route: "DELETE /outages/{id}", id: "endOutage", zh: "结束计划", en: "End one", in: typ[actorInput](), needs: "actor", out: typ[nowAnswer]()},
		{route: "GET /disuses", id: "listDisuses", zh: "停用的库区", en: "Zones out of use", out: typ[disusesAnswer](), params: "limit cursor"},
		{route: "POST /disuses", id: "takeOutOfUse", zh: "停用或空库", en: "Take a zone out of use", in: typ[disuseInput](), needs: "actor zone kind until reason", out: typ[disuseAnswer]()},
		{route: "DELETE /disuses/{id}", id: "bringIntoUse", zh: "恢复使用", en: "Back into use", in: typ[actorInput](), needs: "actor", out: typ[usesAnswer]()},
		{route: "GET /usage", id: "getUsage", zh: "库区过去如何使用", en: "How zones were used", params: "from! to!", out: typ[PastJSON]()},
		{route: "POST /trucks/{site}/phase", id: "sayPhase", zh: "更正车辆所处阶段", en: "Say in which phase a truck is", in: typ[phaseInput](), needs: "actor phase", out: typ[usesAnswer]()},
		{route: "POST /trucks/{site}/empty", id: "sayEmpty", zh: "看过了，车是空的", en: "Somebody has looked: the truck is empty", in: typ[emptyInput](), needs: "actor", out: typ[usesAnswer]()},
		{route: "GET /contacts", id: "getContacts", zh: "一个站点制冷坏了打给谁", en: "Who is called when a site's cooling fails", out: typ[contactsAnswer](), params: "site!"},
	}
}

func describedDoor() []described {
	return []described{
		{route: "POST /session", id: "signIn", zh: "登录，得到会话 Cookie", en: "Sign in; the answer sets the session's cookie", in: typ[signInInput](), needs: "name password", out: typ[sessionJSON]()},
		{route: "GET /session", id: "getSession", zh: "我是谁、能做什么", en: "Who am I, and what may I", out: typ[sessionJSON]()},
		{route: "DELETE /session", id: "signOut", zh: "退出登录", en: "Sign out", out: typ[nowAnswer]()},
		{route: "PUT /session/password", id: "changePassword", zh: "改自己的密码", en: "Change one's own password", in: typ[passwordInput](), needs: "old new", out: typ[sessionJSON]()},
		{route: "GET /users", id: "listUsers", zh: "用户", en: "Users", out: typ[usersAnswer](), params: "limit cursor"},
		{route: "POST /users", id: "addUser", zh: "新建用户", en: "Make a user", in: typ[userInput](), needs: "id name grants", out: typ[usersAnswer]()},
		{route: "PUT /users/{id}", id: "changeUser", zh: "修改用户", en: "Change a user", in: typ[userInput](), needs: "name grants", out: typ[usersAnswer]()},
		{route: "POST /users/{id}/password", id: "newPassword", zh: "换一个一次性密码", en: "Another one-time password", out: typ[usersAnswer]()},
		{route: "GET /sessions", id: "listSessions", zh: "未结束的登录", en: "Sessions that have not ended", out: typ[sessionsAnswer](), params: "limit cursor"},
		{route: "DELETE /sessions/{id}", id: "endSession", zh: "结束一次登录", en: "End a session", out: typ[sessionsAnswer]()},
		{route: "GET /tokens", id: "listTokens", zh: "程序用的口令", en: "Tokens of programs", out: typ[tokensAnswer](), params: "limit cursor"},
		{route: "POST /tokens", id: "makeToken", zh: "发一个口令", en: "Make a token", in: typ[tokenInput](), needs: "name grants until", out: typ[tokensAnswer]()},
		{route: "DELETE /tokens/{id}", id: "endToken", zh: "作废口令", en: "End a token", out: typ[tokensAnswer]()},
		{route: "POST /devices", id: "makeDevice", zh: "让共用设备留在登录状态", en: "Leave a shared device signed in", in: typ[deviceInput](), needs: "site name", out: typ[sessionJSON]()},
	}
}

// Described lists what is described, as "METHOD /path" below /api/v1.
func Described() (out []string) {
	for _, d := range describedRoutes() {
		out = append(out, d.route)
	}
	return out
}
