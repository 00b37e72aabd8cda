// Words of the county's office: overview, calibrations, audit. They come with it.
import { useI18n } from 'vue-i18n'

export const deskZh = {
  title: '旗县中心',
  rooms: '库区',
  checks: '今天要看的',
  mend: '去处理',
  look: '去看',
  check: {
    silent: { title: '没有消息的设备', none: '{all} 台网关都在线', some: '网关离线 {away} / {all}，测点没有消息 {silent} 个' },
    unanswered: { title: '没人应答的报警', none: '没有', some: '{n} 个' },
    untold: { title: '没送到的通知', none: '7 天内 {all} 个渠道都送到了', some: '7 天内 {n} 条没送到，{channels} 个渠道出过错', no: '没有配置通知渠道', unknown: '渠道情况没有取到' },
    clock: { title: '时钟', none: '各网关时钟都对', some: '{n} 台网关的时钟不对或没有' },
    backlog: { title: '积压', none: '共 {waiting} 条等待送达', some: '{n} 台网关积压多，共 {waiting} 条等待送达' },
    disk: { title: '磁盘', none: '没有磁盘快满的报警', some: '{n} 处磁盘快满' },
    store: { title: '采集与读数库', none: '正常', some: '不正常' },
    backup: { title: '上次备份', some: '{age}', no: '还没有备份过' },
  },
  go: '都在哪里',
  link: {
    '/people': { title: '人员与电话', text: '谁值班、电话、PIN' },
    '/plan': { title: '升级顺序', text: '没人应答时找谁' },
    '/drills': { title: '演练', text: '每次演练谁应答了' },
    '/outages': { title: '计划停电', text: '停电与检修' },
    '/calibration': { title: '校准日历', text: '哪个探头什么时候到期' },
    '/reports': { title: '报表', text: '日表、周报、月通报' },
    '/audit': { title: '审计', text: '谁在什么时候做了什么' },
    '/wall': { title: '大屏', text: '挂在墙上的示意图' },
  },
  cal: {
    title: '校准日历',
    text: '网关报上来的校准有效期。到期的探头，读数会标“存疑”。',
    over: '已过期', soon: '30 天内到期', later: '以后到期', unknown: '没有校准记录',
    none: '还没有网关报上测点',
    left: '还有 {n} 天', past: '过期 {n} 天', today: '今天到期',
    until: '有效期到 {day}',
    noDate: '没有日期',
  },
  audit: {
    title: '审计',
    text: '每一次改动：谁、什么时候、改了什么。只能看，改不了；用 coldchain verify audit 可核对整条链。',
    who: '谁', action: '做了什么', object: '对象', from: '从', to: '到',
    any: '不限',
    search: '查找', searching: '正在查…', open: '输入口令查看', more: '更早的', none: '没有符合的记录', part: '这一段没有符合的记录，可继续往前找。', end: '到头了',
    seq: '第 {n} 条', hash: '校验 {hash}', detail: '细节',
    kind: { person: '人', token: '口令', system: '系统' },
    noun: { alarm: '报警', batch: '批次', people: '人员', pin: 'PIN', outage: '计划停电', report: '报表', inspection: '检查链接', certificate: '证书', truck: '冷藏车', zone: '库区', gateway: '网关', county: '备份与恢复', readings: '读数' },
  },
}

export const deskEn: typeof deskZh = {
  title: 'County centre',
  rooms: 'Rooms',
  checks: 'To look at today',
  mend: 'Mend it',
  look: 'Look',
  check: {
    silent: { title: 'Silent devices', none: 'All {all} gateways are online', some: 'Gateways offline {away} of {all}; silent points {silent}' },
    unanswered: { title: 'Alarms nobody has answered', none: 'None', some: '{n}' },
    untold: { title: 'Undelivered notifications', none: 'All {all} channels have delivered for 7 days', some: '{n} not delivered in 7 days; channels with an error: {channels}', no: 'No channel is configured', unknown: 'The channels could not be asked' },
    clock: { title: 'Clocks', none: 'The clocks of all gateways are right', some: 'Gateways whose clock is wrong or missing: {n}' },
    backlog: { title: 'Backlog', none: '{waiting} records wait', some: 'Gateways far behind: {n}; {waiting} records wait' },
    disk: { title: 'Disks', none: 'No alarm of a disk that fills', some: 'Disks nearly full: {n}' },
    store: { title: 'Collector and store', none: 'Well', some: 'Not well' },
    backup: { title: 'Last backup', some: '{age}', no: 'There has never been one' },
  },
  go: 'Where things are',
  link: {
    '/people': { title: 'People', text: 'Who is on duty, telephones, PINs' },
    '/plan': { title: 'Escalation', text: 'Whom to ask when nobody answers' },
    '/drills': { title: 'Drills', text: 'Who answered each drill' },
    '/outages': { title: 'Planned outages', text: 'Power cuts and repairs' },
    '/calibration': { title: 'Calibrations', text: 'Which probe runs out when' },
    '/reports': { title: 'Reports', text: 'Daily, weekly, monthly' },
    '/audit': { title: 'Audit', text: 'Who did what, and when' },
    '/wall': { title: 'Wall display', text: 'The schematic map for the wall' },
  },
  cal: {
    title: 'Calibration calendar',
    text: 'Until when calibrations are valid, as gateways say. Values of a probe that has run out are marked as in doubt.',
    over: 'Run out', soon: 'Within 30 days', later: 'Later', unknown: 'No calibration',
    none: 'No gateway has named its points yet',
    left: '{n} days left', past: '{n} days ago', today: 'Today',
    until: 'Valid until {day}',
    noDate: 'No date',
  },
  audit: {
    title: 'Audit',
    text: 'Every change: who, when, what. It can be read and not altered; coldchain verify audit checks the whole chain.',
    who: 'Who', action: 'What', object: 'Object', from: 'From', to: 'To',
    any: 'Any',
    search: 'Search', searching: 'Searching…', open: 'Enter the token to look', more: 'Older', none: 'Nothing matches', part: 'Nothing matches in this stretch; older ones can be searched.', end: 'That is all',
    seq: 'No. {n}', hash: 'hash {hash}', detail: 'Detail',
    kind: { person: 'person', token: 'token', system: 'system' },
    noun: { alarm: 'Alarm', batch: 'Batch', people: 'People', pin: 'PIN', outage: 'Outage', report: 'Report', inspection: 'Inspection link', certificate: 'Certificate', truck: 'Truck', zone: 'Room', gateway: 'Gateway', county: 'Backup and restore', readings: 'Readings' },
  },
}

/** Adds these words to the page's, once. */
export function useDeskWords() {
  const i18n = useI18n({ useScope: 'global' })
  if (!i18n.te('desk.title')) {
    i18n.mergeLocaleMessage('zh', { desk: deskZh })
    i18n.mergeLocaleMessage('en', { desk: deskEn })
  }
}
