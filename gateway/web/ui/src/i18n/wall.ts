// Words of the wall display; they come with it.
import { useI18n } from 'vue-i18n'

export const wallZh = {
  alarms: '没有结束的报警',
  none: '现在没有报警',
  more: '还有 {n} 个',
  rooms: '库区',
  answered: '{by} 已应答',
  unanswered: '还没人应答',
  lost: '与服务器断开',
  lostSince: '{time} 起，已 {span}。画面停在那一刻，正在重连。',
  waiting: '连不上服务器，正在重试',
  noSignal: '无信号 {time} 起',
  noFix: '无定位 {time} 起',
  neverFix: '没有定位',
  fix: '定位 {age}',
  outside: '在图外',
  schematic: '示意图，上北',
  places: '没有坐标，按名单排列',
  unplaced: '没有坐标',
  trucks: '冷藏车',
}

export const wallEn: typeof wallZh = {
  alarms: 'Open alarms',
  none: 'No alarms now',
  more: '{n} more',
  rooms: 'Rooms',
  answered: 'Answered by {by}',
  unanswered: 'Not answered',
  lost: 'Server lost',
  lostSince: 'Since {time}, for {span}. The picture stands still at that moment; trying again.',
  waiting: 'The server cannot be reached; trying again',
  noSignal: 'No signal since {time}',
  noFix: 'No position since {time}',
  neverFix: 'No position yet',
  fix: 'Seen {age}',
  outside: 'off the map',
  schematic: 'Schematic, north up',
  places: 'No coordinates: in the order of the list',
  unplaced: 'Without coordinates',
  trucks: 'Trucks',
}

/** Adds these words to the page's, once. */
export function useWallWords() {
  const i18n = useI18n({ useScope: 'global' })
  if (!i18n.te('wall.none')) {
    i18n.mergeLocaleMessage('zh', { wall: wallZh })
    i18n.mergeLocaleMessage('en', { wall: wallEn })
  }
}
