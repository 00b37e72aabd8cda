// Package report makes the papers that people of the cold chain hand in: the
// daily temperature record 温度记录表 and the weekly, monthly and half-yearly
// reports. A report is a value first, and becomes a page, a workbook or a drawing
// by one set of tables. It guarantees that no number is filled in: a slot
// without a reading is empty and says so, manual readings stand apart, and what
// this county does not record is named as not recorded.
package report
