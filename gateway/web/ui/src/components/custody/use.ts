import { computed, inject, ref } from 'vue'
import { enter, freshKey, sendFile, type DossierAnswer } from '../../api/custody'
import type { By } from '../../api/people'
import { now, timezone } from '../../model/county'
import { moment } from '../../model/format'
import { useWords } from '../../i18n'
import { asMe } from '../../model/name'
import { attempt, busy, refusedFor } from '../../model/token'

/** How the cards of a batch write something down: with a name, and shown as the server answers. */
export function useEntry(id: () => string, zone: () => string, what: string) {
  const { lang, label } = useWords()
  const took = inject<(a: DossierAnswer) => void>('took', () => {})
  const key = computed(() => 'batch/' + id() + '/' + what)
  const open = ref(false)
  const file = ref<File | null>(null)
  const site = () => zone().split('/')[0] ?? ''
  let request = '' // kept until it is carried out, so that sending again does nothing twice
  let sent = ''

  function act(entry: () => object, by: By, path = what) {
    void attempt(key.value, async (token) => {
      const body: Record<string, unknown> = { ...entry() }
      if (file.value) body.file = await sendFile(file.value, token)
      const text = path + JSON.stringify(body)
      if (text !== sent) {
        request = freshKey()
        sent = text
      }
      took(await enter(id(), path, body, by, token, request))
      open.value = false
      file.value = null
      sent = ''
    })
  }
  const save = (entry: () => object, path = what) => asMe(site(), (by) => act(entry, by, path))
  const pick = (e: Event) => (file.value = (e.target as HTMLInputElement).files?.[0] ?? null)
  const sending = computed(() => busy.value === key.value)
  const refused = computed(() => {
    const r = refusedFor(key.value)
    return r ? label(r.text) : ''
  })
  const when = (iso: string) => moment(Date.parse(iso), now.value, lang.value, timezone.value)
  return { open, file, pick, save, act, site, sending, busy, refused, when }
}
