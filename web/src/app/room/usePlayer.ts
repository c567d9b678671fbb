/** The <video> of a room: sound as the person wants it and as the browser allows it, the line, the state. */
import { onBeforeUnmount, ref, shallowRef, watch, type Ref } from 'vue'
import type { Playback } from '@/api/types'
import { LivePlayer, type Line, type PlayerState } from '@/shared/player'
import { lineChoice, soundWanted } from '../preferences'

export function usePlayer(video: Ref<HTMLVideoElement | null>) {
  const state = ref<PlayerState>('loading')
  const line = ref<Line>('hls')
  const muted = ref(true)
  const wide = ref(false)
  const everPlayed = ref(false)
  const player = shallowRef<LivePlayer | null>(null)

  function attach(playback: Playback): void {
    const el = video.value
    if (!el) return
    if (player.value) return player.value.reload(playback)
    // Sound at once only where a tap has already asked for it; otherwise browsers refuse to start.
    el.muted = muted.value = !soundWanted.value
    el.onloadedmetadata = () => { wide.value = el.videoWidth > el.videoHeight }
    el.onresize = () => { wide.value = el.videoWidth > el.videoHeight }
    player.value = new LivePlayer({
      video: el, playback, choice: lineChoice.value,
      onState: (next) => { state.value = next; if (next === 'playing') everPlayed.value = true },
      onLine: (next) => { line.value = next },
    })
    el.onpause = () => { if (!el.muted && state.value === 'loading') setMuted(true) }
  }

  function setMuted(next: boolean): void {
    const el = video.value
    if (!el) return
    el.muted = muted.value = next
    soundWanted.value = !next
    void el.play().catch(() => { if (!next) { el.muted = muted.value = true; void el.play().catch(() => undefined) } })
  }

  function detach(): void {
    player.value?.destroy()
    player.value = null
  }

  watch(lineChoice, (choice) => player.value?.choose(choice))
  onBeforeUnmount(detach)

  return { state, line, muted, wide, everPlayed, player, attach, detach, setMuted }
}
