// Light, dark, or as the device says.

import { ref } from 'vue'

export type Theme = 'auto' | 'light' | 'dark'

const key = 'coldchain.theme'
const chosen = ref<Theme>('auto')
/** Changes whenever colours do. */
export const theme = ref('')
export const themeChoice = chosen

const dark = window.matchMedia('(prefers-color-scheme: dark)')

function apply() {
  const root = document.documentElement
  if (chosen.value === 'auto') root.removeAttribute('data-theme')
  else root.setAttribute('data-theme', chosen.value)
  theme.value = chosen.value === 'auto' ? (dark.matches ? 'dark' : 'light') : chosen.value
  const bar = document.querySelector('meta[name=theme-color]')
  bar?.setAttribute('content', getComputedStyle(root).getPropertyValue('--bg').trim())
}

export function setTheme(t: Theme) {
  chosen.value = t
  try {
    localStorage.setItem(key, t)
  } catch {
    // only this visit will know
  }
  apply()
}

export function startTheme() {
  try {
    const stored = localStorage.getItem(key)
    if (stored === 'light' || stored === 'dark') chosen.value = stored
  } catch {
    // as the device says
  }
  if (dark.addEventListener) dark.addEventListener('change', apply)
  apply()
}
