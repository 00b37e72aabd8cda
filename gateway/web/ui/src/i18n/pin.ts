// Words of the four digits, both languages side by side.

export const pinZh = {
  title: '的四位密码',
  choose: '：定一个四位密码',
  again: '：再按一次',
  chooseText: '第一次用，请选一个好记、别人猜不到的。以后处理报警都要按。',
  differ: '两次不一样，请重新定一个。',
  forgotten: '忘了密码：请{who}在“人员”页面重设。',
  forgottenNobody: '忘了密码：请保管旗县口令的人重设。',
  typed: '已按 {n} 位',
  keys: '数字键',
  back: '退一位',
  set: '有密码',
  unset: '还没有密码',
  reset: '重设密码',
  resetSure: '再点一次，重设 {name} 的密码',
  resetText: '重设以后，本人下次处理报警时自己再定一个。',
}

export const pinEn: typeof pinZh = {
  title: ': four-digit PIN',
  choose: ': choose four digits',
  again: ': once more',
  chooseText: 'The first time: choose what you remember and nobody guesses. You will be asked for it with every answer.',
  differ: 'They were not the same; choose again.',
  forgotten: 'Forgotten? {who} can reset it on the People page.',
  forgottenNobody: 'Forgotten? Whoever keeps the county’s token can reset it.',
  typed: '{n} digits typed',
  keys: 'Digits',
  back: 'Delete the last digit',
  set: 'has a PIN',
  unset: 'no PIN yet',
  reset: 'Reset the PIN',
  resetSure: 'Press again to reset the PIN of {name}',
  resetText: 'The person chooses another one with the next answer.',
}
