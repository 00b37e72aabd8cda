import type { Grant } from '../../api/session'

/** A role with where it holds, in words. */
export function grantWords(g: Grant, t: (key: string) => string, site: (id: string) => string, comma: string): string {
  const where = g.party || (g.sites?.length ? g.sites.map(site).join(comma) : g.role === 'admin' ? '' : t('access.menu.county'))
  return t('access.role.' + g.role) + (where ? ' · ' + where : '')
}
