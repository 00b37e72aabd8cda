// Words of signing in, users, devices and tokens, both languages side by side.

export const accessZh = {
  title: '登录',
  user: '用户名',
  password: '密码',
  show: '显示密码',
  enter: '登录',
  entering: '正在登录…',
  over: '登录已结束，请重新登录，回到刚才的页面。',
  lost: '忘了密码：请管理员给一个新的一次性密码。',
  first: { title: '先换成自己的密码', text: '一次性密码只能用这一次。新密码至少 10 个字符，几个互不相干的词最好记。', old: '一次性密码（刚才那个）', fresh: '新密码', again: '再输一次新密码', differ: '两次不一样', save: '保存并继续' },
  menu: {
    title: '我', open: '我：{name}', leave: '退出登录', leaveDevice: '把这台设备退出登录', password: '改密码', oldPassword: '现在的密码', saved: '密码改好了，别的设备上的登录都已结束。',
    language: '语言', users: '用户和口令', device: '设为公用设备', deviceAt: '公用设备 · {site}', county: '全旗', close: '关闭',
  },
  role: { viewer: '查看', driver: '司机', manager: '库管 / 负责人', quality: '质检', owner: '货主', inspector: '检查人员', admin: '管理员', device: '公用设备' },
  users: {
    title: '用户和口令', tab: { users: '用户', sessions: '登录中', tokens: '程序口令' },
    add: '添加用户', edit: '修改', id: '用户名（登录时输入，小写字母和数字）', name: '姓名', person: '名单里的谁（选了就不用输四位密码）', nobody: '名单里没有',
    roles: '角色', addRole: '再加一个角色', dropRole: '去掉这个角色', sites: '在哪些地点', whole: '全旗', party: '货主名称（和批次上写的一样）',
    disabled: '停用', disable: '停用，并结束所有登录', oneTime: '还没改一次性密码', save: '保存', cancel: '取消',
    reset: '给新的一次性密码', resetSure: '再点一次：旧密码作废，所有登录结束',
    shown: '{user} 的一次性密码', shownText: '只显示这一次。请当面或打电话告诉本人；第一次登录后要换。', done: '记下了',
  },
  sessions: { user: '用户', device: '公用设备', used: '最近使用', until: '最迟到', mine: '就是这里', end: '结束', endSure: '再点一次结束', by: '{by} 设的', none: '没有登录' },
  tokens: {
    add: '新口令', name: '做什么用', readOnly: '只能读', until: '有效到', used: '最近使用', never: '没用过', end: '作废', endSure: '再点一次作废', none: '没有口令',
    shown: '新口令', shownText: '只显示这一次，请马上存进那个程序的口令文件。', made: '{by} 做的',
  },
  device: {
    title: '设为公用设备', text: '这台设备以后一直停在这个地点的登录状态，您自己的登录随即退出。谁处理报警、交接、签字，谁选名字、按四位密码。',
    site: '地点', name: '设备叫什么', example: '如：一号库平板', go: '让这台设备留在登录状态', done: '好了。这台设备现在属于{site}。',
  },
}

export const accessEn: typeof accessZh = {
  title: 'Sign in',
  user: 'User name',
  password: 'Password',
  show: 'Show the password',
  enter: 'Sign in',
  entering: 'Signing in…',
  over: 'You were signed out. Sign in again and go on where you were.',
  lost: 'Forgotten? An admin gives you a new one-time password.',
  first: { title: 'First choose your own password', text: 'A one-time password is good once. The new one has at least 10 characters; a few words that have nothing to do with each other are best.', old: 'One-time password (the one just used)', fresh: 'New password', again: 'New password once more', differ: 'They are not the same', save: 'Save and go on' },
  menu: {
    title: 'Me', open: 'Me: {name}', leave: 'Sign out', leaveDevice: 'Sign this device out', password: 'Change password', oldPassword: 'Present password', saved: 'The password is changed, and other devices are signed out.',
    language: 'Language', users: 'Users and tokens', device: 'Make this a shared device', deviceAt: 'Shared device · {site}', county: 'Whole county', close: 'Close',
  },
  role: { viewer: 'Viewer', driver: 'Driver', manager: 'Manager', quality: 'Quality officer', owner: 'Owner of goods', inspector: 'Inspector', admin: 'Admin', device: 'Shared device' },
  users: {
    title: 'Users and tokens', tab: { users: 'Users', sessions: 'Signed in', tokens: 'Tokens' },
    add: 'Add a user', edit: 'Edit', id: 'User name (typed to sign in: small letters and digits)', name: 'Name', person: 'Who in the roster (needs no PIN then)', nobody: 'Nobody in the roster',
    roles: 'Roles', addRole: 'Another role', dropRole: 'Take this role away', sites: 'At which sites', whole: 'Whole county', party: 'Name of the owner (as batches have it)',
    disabled: 'Disabled', disable: 'Disable, and end all sessions', oneTime: 'One-time password not changed yet', save: 'Save', cancel: 'Cancel',
    reset: 'New one-time password', resetSure: 'Press again: the old password and all sessions end',
    shown: 'One-time password of {user}', shownText: 'Shown this once. Tell it in person or by telephone; it is changed at the first sign-in.', done: 'Noted',
  },
  sessions: { user: 'User', device: 'Shared device', used: 'last used', until: 'until at most', mine: 'this one', end: 'End', endSure: 'Press again to end', by: 'by {by}', none: 'Nobody is signed in' },
  tokens: {
    add: 'New token', name: 'What for', readOnly: 'Reads only', until: 'Valid until', used: 'last used', never: 'never used', end: 'Take back', endSure: 'Press again to take back', none: 'No tokens',
    shown: 'New token', shownText: 'Shown this once: put it into the program’s token file now.', made: 'by {by}',
  },
  device: {
    title: 'Make this a shared device', text: 'This device stays signed in at this site, and you are signed out of it. Whoever answers an alarm, hands over or signs chooses a name and types four digits.',
    site: 'Site', name: 'What the device is called', example: 'e.g. tablet, room 1', go: 'Leave this device signed in', done: 'Done. This device now belongs to {site}.',
  },
}
