// Words of batches that grow old, both languages side by side.

export const agesZh = {
  title: '货架期',
  used: '已用',
  usedTo: '{used} %，计缺口至多 {most} %',
  usedOf: '{used} %',
  alarmAt: '用到 {n} % 提醒',
  keeps: '按现在 {c} °C 还能放',
  keepsDays: '{n} 天',
  now: '现在不知道多少度，说不出还能放几天',
  noDays: '这个温度超出模型范围，说不出还能放几天',
  deliver: '交货',
  deliverNone: '没有写',
  change: '改交货日期',
  day: '交货日期',
  save: '写入',
  clear: '不写交货日期',
  cancel: '不改',
  sending: '正在写入…',
  reason: {
    'share-used': '已用过提醒的份额', 'share-maybe-used': '计缺口可能已用过提醒的份额',
    'late-for-delivery': '按现在的温度放不到交货', 'maybe-late-for-delivery': '计缺口可能放不到交货',
  },
}

export const agesEn: typeof agesZh = {
  title: 'Shelf life',
  used: 'Used',
  usedTo: '{used} %, at most {most} % counting gaps',
  usedOf: '{used} %',
  alarmAt: 'told at {n} %',
  keeps: 'Left at the present {c} °C',
  keepsDays: '{n} days',
  now: 'Nobody knows how warm it is now: no days are told',
  noDays: 'The model says nothing of this temperature: no days are told',
  deliver: 'Delivery',
  deliverNone: 'not written down',
  change: 'Change the delivery day',
  day: 'Delivery day',
  save: 'Write down',
  clear: 'No delivery day',
  cancel: 'Leave it',
  sending: 'Writing…',
  reason: {
    'share-used': 'more is used than the profile allows', 'share-maybe-used': 'counting gaps, more may be used than the profile allows',
    'late-for-delivery': 'will not keep until the delivery at this temperature', 'maybe-late-for-delivery': 'counting gaps, may not keep until the delivery',
  },
}
