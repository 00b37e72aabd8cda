// What this device keeps when the page is closed and the signal is gone:
// actions that wait, and what was last known. IndexedDB, because it holds more
// than a few kilobytes and survives a battery that was pulled.

const name = 'coldchain'
const stores = ['acts', 'known'] as const
export type Store = (typeof stores)[number]

let opened: Promise<IDBDatabase> | null = null

function open(): Promise<IDBDatabase> {
  opened ??= new Promise<IDBDatabase>((resolve, reject) => {
    const request = indexedDB.open(name, 1)
    request.onupgradeneeded = () => stores.forEach((s) => request.result.createObjectStore(s))
    request.onsuccess = () => {
      // Another tab with a newer page must be able to go on.
      request.result.onversionchange = () => closeShelf()
      resolve(request.result)
    }
    request.onerror = () => reject(request.error)
    request.onblocked = () => reject(new Error('the storage is held by an older page'))
  }).catch((e) => {
    opened = null // asked again next time
    throw e
  })
  return opened
}

/** Closes the storage; the next use opens it again. */
export function closeShelf() {
  void opened?.then((db) => db.close(), () => {})
  opened = null
}

function done<T>(request: IDBRequest<T>, tx: IDBTransaction): Promise<T> {
  return new Promise((resolve, reject) => {
    tx.oncomplete = () => resolve(request.result) // only then it is on the disk
    tx.onabort = tx.onerror = () => reject(tx.error ?? request.error)
  })
}

async function use<T>(store: Store, mode: IDBTransactionMode, f: (s: IDBObjectStore) => IDBRequest<T>): Promise<T> {
  const tx = (await open()).transaction(store, mode)
  return done(f(tx.objectStore(store)), tx)
}

export const put = (store: Store, key: string, value: unknown): Promise<unknown> => use(store, 'readwrite', (s) => s.put(value, key))
export const drop = (store: Store, key: string): Promise<unknown> => use(store, 'readwrite', (s) => s.delete(key))
export const take = <T>(store: Store, key: string): Promise<T | undefined> => use(store, 'readonly', (s) => s.get(key) as IDBRequest<T | undefined>)
export const all = <T>(store: Store): Promise<T[]> => use(store, 'readonly', (s) => s.getAll() as IDBRequest<T[]>)
export const empty = (store: Store): Promise<unknown> => use(store, 'readwrite', (s) => s.clear())
