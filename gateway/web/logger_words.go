package web

import (
	"regexp"
	"strings"
)

var atLine = regexp.MustCompile(`\blines? (\d+)(?: and (\d+))?`)

// unreadable says in Chinese why a logger's file could not be read: what kind of
// file it is, or in which line the mistake is, with the reader's own words.
func unreadable(err error) string {
	text := err.Error()
	for en, zh := range map[string]string{
		"is empty":          "文件是空的",
		"spreadsheet":       "这是电子表格或压缩包，请另存为 CSV 再传",
		"this is a PDF":     "这是 PDF，请从记录仪软件导出 CSV",
		"Fridge-tag":        "这是 Fridge-tag 的报告，只有每天的最低和最高，没有逐次读数",
		"time runs back":    "时间倒着走：记录仪的时钟被调过，或一个文件里有两段记录",
		"no temperature in": "文件里没有一个温度读数",
	} {
		if strings.Contains(text, en) {
			return zh + "（" + text + "）"
		}
	}
	m := atLine.FindStringSubmatch(text)
	switch {
	case m == nil:
		return "这份文件读不了（" + text + "）"
	case m[2] != "":
		return "文件第 " + m[1] + " 行和第 " + m[2] + " 行对不上（" + text + "）"
	}
	return "文件第 " + m[1] + " 行读不了，请核对这一行（" + text + "）"
}
