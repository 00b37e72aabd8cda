// What the quality officer looks for: kept while the page is open, so that he
// comes back from a batch to his list.

import { reactive } from 'vue'

export const wanted = reactive({ search: '', site: '', verdict: '', alarms: '' })

export const narrowed = () => wanted.site !== '' || wanted.verdict !== '' || wanted.alarms !== ''

export function clearWanted() {
  wanted.site = wanted.verdict = wanted.alarms = ''
}
