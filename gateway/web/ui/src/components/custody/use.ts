import { computed, inject, ref } from 'vue'
import { enter, freshKey, sendFile, type DossierAnswer } from '../../api/custody'
import type { By } from '../../api/people'
import { now, timezone, zoneNamed, zones } from '../../model/county'
import { moment } from '../../model/format'
import { useWords } from '../../i18n'
import { asMe } from '../../model/name'
import { attempt, busy, refusedFor } from '../../model/token'

/** How a request is carried out: under its key, and what a batch's dossier is then. */
export type Carry = (path: string, body: object, by: By, key: string) => Promise<DossierAnswer>

/** How the cards of a batch write something down: with a name, and shown as the server answers. */
export function useEntry(id: () => string, zone: () => string, what: string, carry: Carry = (path, body, by, key) => enter(id(), path, body, by, key)) {
  const { lang, label } = useWords()
  const took = inject<(a: DossierAnswer) => void>('took', () => {})
  const key = computed(() => 'batch/' + id() + '/' + what)
  const open = ref(false)
  const file = ref<File | null>(null)
  const site = () => zone().split('/')[0] ?? ''
  let request = '' // kept until it is carried out, so that sending again does nothing twice
  let sent = ''

  function act(entry: () => object, by: By, path = what) {
    void attempt(key.value, async () => {
      const body: Record<string, unknown> = { ...entry() }
      if (file.value) body.file = await sendFile(file.value)
      const text = path + JSON.stringify(body)
      if (text !== sent) {
        request = freshKey()
        sent = text
      }
      took(await carry(path, body, by, request))
      open.value = false
      file.value = null
      sent = ''
    })
  }
  const save = (entry: () => object, path = what) => asMe(site(), (by) => act(entry, by, path))
  const pick = (e: Event) => (file.value = (e.target as HTMLInputElement).files?.[0] ?? null)
  const sending = computed(() => busy.value === key.value)
  const refusal = computed(() => refusedFor(key.value))
  const refused = computed(() => (refusal.value ? label(refusal.value.text) : ''))
  const when = (iso: string) => moment(Date.parse(iso), now.value, lang.value, timezone.value)
  return { open, file, pick, save, act, site, sending, busy, refusal, refused, when }
}

/** Rooms and boxes in which goods can lie, by their names, and the name of any of them. */
export function useRooms() {
  const { label } = useWords()
  const roomName = (id: string) => {
    const z = zoneNamed(id)
    return z ? label(z.site.name) + ' ' + label(z.data.name, id) : id
  }
  const rooms = computed(() => zones.value.filter((z) => z.data.kind !== 'technical').map((z) => ({ id: z.data.id, name: roomName(z.data.id) })))
  return { rooms, roomName }
}
