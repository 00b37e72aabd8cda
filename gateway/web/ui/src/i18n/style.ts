// Words of the style page; they come with it.
import { useI18n } from 'vue-i18n'

export const styleZh = {
  title: '样式',
  text: '页面上的每个部件、每种状态。数值都是编的。',
  badges: '状态：颜色、形状和词', colours: '颜色', ages: '时间', buttons: '按钮', forms: '表单', dialog: '对话框', rooms: '库区卡片', alarms: '报警卡片',
  chart: '曲线：缺口画成缺口', table: '表格', messages: '空、读取中、出错、断开', signs: '标记', numbers: '数字与单位',
  main: '主要', plain: '次要', off: '不可用', busy: '正在写入…', open: '打开对话框', close: '关闭', name: '名称', note: '说明', pick: '选项', tick: '勾选', refused: '密码不对，请再输一次', area: '地点', value: '数值', at: '时间',
  late: '补报', loading: '正在读取…', dialogText: '对话框盖住下面的内容，Esc 关闭。',
}

export const styleEn: typeof styleZh = {
  title: 'Style',
  text: 'Every part of the page in every state. The values are made up.',
  badges: 'States: colour, shape and word', colours: 'Colours', ages: 'Times', buttons: 'Buttons', forms: 'Forms', dialog: 'Dialog', rooms: 'Room cards', alarms: 'Alarm cards',
  chart: 'Charts: a gap stays a gap', table: 'Table', messages: 'Empty, loading, error, offline', signs: 'Signs', numbers: 'Numbers and units',
  main: 'Main', plain: 'Plain', off: 'Disabled', busy: 'Writing…', open: 'Open the dialog', close: 'Close', name: 'Name', note: 'Note', pick: 'Choice', tick: 'Tick', refused: 'The PIN is wrong; try again', area: 'Place', value: 'Value', at: 'Time',
  late: 'Late', loading: 'Loading…', dialogText: 'A dialog covers what is under it; Esc closes it.',
}

/** Adds these words to the page's, once. */
export function useStyleWords() {
  const i18n = useI18n({ useScope: 'global' })
  if (!i18n.te('style.title')) {
    i18n.mergeLocaleMessage('zh', { style: styleZh })
    i18n.mergeLocaleMessage('en', { style: styleEn })
  }
}
