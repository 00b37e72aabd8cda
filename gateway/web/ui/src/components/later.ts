import { defineAsyncComponent, h, type Component } from 'vue'
import { useWords } from '../i18n'

/** Shown where a part of the page did not come: the network, or a server that has been renewed since. */
const Missing: Component = {
  setup() {
    const { t } = useWords()
    return () =>
      h('div', { class: 'page' }, h('div', { class: 'card blank', role: 'alert' }, [
        h('p', t('failed.part')),
        h('button', { type: 'button', class: 'button', onClick: () => location.reload() }, t('failed.retry')),
      ]))
  },
}

/** A part of the page that is loaded when it is looked at; asked for again before it is called missing. */
export const later = <T extends Component>(load: () => Promise<{ default: T }>) =>
  defineAsyncComponent<T>({
    loader: load,
    errorComponent: Missing,
    onError: (_, again, fail, attempts) => (attempts < 3 ? void window.setTimeout(again, attempts * 1000) : fail()),
  })
