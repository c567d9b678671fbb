import { onScopeDispose, watch, type WatchSource } from 'vue'

const REST_MS = 300

/** Calls `rested` once nobody has changed the source for a moment: a list is not asked at every key. */
export function whenRested<T>(source: WatchSource<T>, rested: (value: T) => void): void {
  let waiting = 0
  watch(source, (value) => {
    clearTimeout(waiting)
    waiting = window.setTimeout(() => rested(value), REST_MS)
  })
  onScopeDispose(() => clearTimeout(waiting))
}
