import { http } from './http'
import type {
  BagItem, Board, Broadcast, BroadcastIn, ConsoleEntered, ConsoleRoom, Ingest, Listed, PickCard, Pitch, Room, RoomPage, Snapshot, WallCard,
} from './wire'

const room = (id: string): string => `/api/rooms/${id}`
const broadcast = (id: string): string => `/api/broadcasts/${id}`

export const stage = {
  rooms: () => http.get<Listed<ConsoleRoom>>('/api/console/rooms'),
  openRoom: (name: string, key: string) => http.create<Room>('/api/rooms', { name }, key),
  renameRoom: (id: string, name: string) => http.patch<unknown>(room(id), { name }),
  page: (id: string) => http.get<RoomPage>(room(id)),
  snapshot: (id: string) => http.get<Snapshot>(`${room(id)}/snapshot`),
  enterConsole: (id: string) => http.post<ConsoleEntered>(`${room(id)}/console/enter`),
  ingest: (id: string) => http.get<Ingest>(`${room(id)}/ingest`),
  rotateKey: (id: string) => http.post<Ingest>(`${room(id)}/ingest/rotate`),

  draft: (roomId: string, body: BroadcastIn, key: string) =>
    http.create<Broadcast>(`${room(roomId)}/broadcasts`, body, key),
  one: (id: string) => http.get<Broadcast>(broadcast(id)),
  rehearse: (id: string) => http.post<Broadcast>(`${broadcast(id)}/rehearse`),
  goLive: (id: string) => http.post<Broadcast>(`${broadcast(id)}/go-live`),
  end: (id: string) => http.post<Broadcast>(`${broadcast(id)}/end`),
  board: (id: string) => http.get<Board>(`${broadcast(id)}/board`),

  bag: (id: string) => http.get<Listed<BagItem>>(`${broadcast(id)}/bag`),
  addToBag: (id: string, productIds: string[], key: string) => http.create<Listed<BagItem>>(`${broadcast(id)}/bag`, { product_ids: productIds }, key),
  orderBag: (id: string, itemIds: string[]) => http.put<unknown>(`${broadcast(id)}/bag/order`, { item_ids: itemIds }),
  takeFromBag: (id: string, itemId: string) => http.remove(`${broadcast(id)}/bag/${itemId}`),
  pickable: (roomId: string, q: string, cursor?: string) => http.get<Listed<PickCard>>(`${room(roomId)}/pickable`, { q, cursor }),
  pitch: (id: string, itemId: string, key: string) => http.create<Pitch>(`${broadcast(id)}/pitches`, { item_id: itemId }, key),
  endPitch: (id: string) => http.post<void>(`${broadcast(id)}/pitches/end`),

  say: (roomId: string, text: string, key: string) => http.create<{ id: string }>(`${room(roomId)}/chat`, { text }, key),
  mute: (roomId: string, personRef: string, minutes: number) => http.post<unknown>(`${room(roomId)}/mutes`, { person_ref: personRef, minutes }),
  removeLine: (roomId: string, lineId: string) => http.remove(`${room(roomId)}/chat/${lineId}`),
  slowMode: (roomId: string, seconds: number) => http.put<unknown>(`${room(roomId)}/slow-mode`, { seconds }),
  pin: (roomId: string, lineId: string | null) => http.put<unknown>(`${room(roomId)}/pinned`, { line_id: lineId }),

  wall: () => http.get<Listed<WallCard>>('/api/operator/rooms'),
  cut: (roomId: string, reason: string) => http.post<void>(`/api/operator/rooms/${roomId}/cut`, { reason }),
}
