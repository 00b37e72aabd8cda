import { computed } from 'vue'
import { createI18n, useI18n } from 'vue-i18n'
import type { Label, Point, Reading } from '../api/types'
import type { Lang } from '../model/format'
import { en } from './en'
import { zh } from './zh'

const key = 'coldchain.language'

function remembered(): Lang {
  try {
    return localStorage.getItem(key) === 'en' ? 'en' : 'zh'
  } catch {
    return 'zh' // storage may be refused
  }
}

export function makeI18n() {
  const locale = remembered()
  document.documentElement.lang = locale === 'zh' ? 'zh-CN' : 'en'
  return createI18n({ legacy: false, locale, fallbackLocale: 'zh', messages: { zh, en } })
}

/** The page's language, and names and words in it. */
export function useWords() {
  const { t, te, locale } = useI18n({ useScope: 'global' })
  const lang = computed(() => locale.value as Lang)
  /** A label in the present language, else in the other, else the fallback. */
  const label = (l: Label | undefined, fallback = ''): string => {
    if (!l) return fallback
    return (lang.value === 'zh' ? l.zh || l.en : l.en || l.zh) || fallback
  }
  /** A word that may be unknown here, such as a newer server's reason. */
  const word = (path: string, fallback: string): string => (te(path) ? t(path) : fallback)
  /** Why a reading is not good, in words; never empty for one that is not. */
  const why = (r: Pick<Reading, 'q' | 'reason'> | null | undefined): string => {
    if (!r || r.q === 'good') return ''
    return r.reason ? word('reason.' + r.reason, r.reason) : t(r.q === 'bad' ? 'value.bad' : 'value.noReason')
  }
  /** What a point measures, by the name it has inside its zone where that is known. */
  const point = (p: Point): string => {
    const name = 'point.' + (p.id.split('/')[2] ?? '')
    return p.quantity === 'temperature' && te(name) ? t(name) : t('quantity.' + p.quantity)
  }
  function setLang(l: Lang) {
    locale.value = l
    document.documentElement.lang = l === 'zh' ? 'zh-CN' : 'en'
    try {
      localStorage.setItem(key, l)
    } catch {
      // only this visit will know
    }
  }
  return { t, lang, label, word, why, point, setLang }
}
