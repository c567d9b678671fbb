/** The rooms that are live now, in the order of the home page: what a swipe leads to. */
import { ref } from 'vue'
import { api } from '@/api/client'
import type { LiveCard, Page } from '@/api/types'

export const liveCards = ref<LiveCard[]>([])

export async function fetchLive(cursor?: string): Promise<Page<LiveCard>> {
  const page = await api.get<Page<LiveCard>>('/api/live', { query: { cursor } })
  liveCards.value = cursor ? [...liveCards.value, ...page.items.filter((c) => !liveCards.value.some((k) => k.room_id === c.room_id))] : page.items
  return page
}

export function cardOf(roomId: string): LiveCard | undefined {
  return liveCards.value.find((card) => card.room_id === roomId)
}

/** The room `step` places further, around the end; null where there is no other room. */
export function neighbour(roomId: string, step: 1 | -1): LiveCard | null {
  const cards = liveCards.value
  const at = cards.findIndex((card) => card.room_id === roomId)
  const next = at < 0 ? cards[step === 1 ? 0 : cards.length - 1] : cards[(at + step + cards.length) % cards.length]
  return next && next.room_id !== roomId ? next : null
}
