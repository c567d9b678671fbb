/** What the server sends to the desk beyond the shapes that buyers see too. Ids are strings, times RFC 3339 UTC, money integer fen. */
import type {
  BagItem, BroadcastState, Category, ChatEvent, CtlFrame, EventsAccess, Grant, LiveCard, Me, Meta, Order, Picture, Pitch, Playback, ProductCard,
  Realname, RealnameState, Role, RoomPage, RoomSeller, ServiceTag, Snapshot, TickFrame,
} from '@/api/types'

export type {
  BagItem, BroadcastState, Category, ChatEvent, CtlFrame, EventsAccess, Grant, LiveCard, Me, Meta, Order, Picture, Pitch, Playback, ProductCard,
  Realname, RealnameState, Role, RoomPage, RoomSeller, ServiceTag, Snapshot, TickFrame,
}
export type { OrderState } from '@/api/types'
export interface Named { name: string; value: string }
export type PickCard = ProductCard & { commission_bps?: number; in_bag?: boolean }

export interface Listed<T> { items: T[]; next_cursor?: string | null }


export interface Merchant {
  id: string; state: 'pending' | 'approved' | 'refused'; reason: string | null; shop: { id: string; name: string } | null
  legal_name: string; licence_number: string; legal_person?: string; shop_name?: string; contact_phone?: string; contact_phone_masked?: string
  province?: string; city?: string; address?: string; category_keys?: string[]; licence_picture_url?: string | null
  submitted_at?: string | null; created_at?: string | null
}
export interface MerchantIn {
  legal_name: string; licence_number: string; licence_picture_id?: string; legal_person: string; contact_phone: string
  shop_name: string; province: string; city: string; address: string; category_keys: string[]
}
export interface RealnameReview { id: string; person_id: string; name_masked: string; id_masked: string; submitted_at: string }
export interface CrewMember { person_id: string; nickname: string; role: Role; phone_masked: string | null; since: string }

export type ProductState = 'draft' | 'pending' | 'approved' | 'refused' | 'withdrawn'
export interface ShopSku {
  id: string; name: string; code?: string | null; price_fen: number; stock?: number; held?: number; available?: number; stock_left?: number
  limit_per_buyer: number | null
}
export interface ShopProduct {
  id: string; title: string; category_key: string; picture_url: string | null; pictures: (Picture & { id?: string })[]; price_fen_min: number; price_fen_max: number
  attributes: Named[]; selling_points: string[]; description: string; origin: string; service_tags: ServiceTag[]; skus: ShopSku[]
  shop?: { id: string; name: string }; seller?: { legal_name: string; licence_number: string; address: string }
  sold_count?: number; stock_state?: ProductCard['stock_state']; commission_bps: number; freight_fen: number; state: ProductState; refusal_reason: string | null
  updated_at: string; submitted_at?: string | null
}
export interface ProductIn {
  title: string; category_key: string; description: string; origin: string; selling_points: string[]; attributes: Named[]; picture_ids: string[]
  service_tags: ServiceTag[]; freight_fen: number; commission_bps: number
  skus: { id?: string; name: string; code?: string; price_fen: number; stock: number; limit_per_buyer?: number }[]
}
export interface ImportReport {
  created: number; updated: number; rows: number; errors: { line: number; column: string | null; code: string; message: string }[]
}
export const SERVICE_TAGS: readonly ServiceTag[] = [
  'seven_day_return', 'freight_cover', 'damage_compensation', 'ship_48h', 'origin_traceable', 'installation',
]

export interface Broadcast {
  id: string; room_id: string; state: BroadcastState; title: string; cover_url?: string | null; marks?: string[]
  notices: { operator_name: string; sellers: RoomSeller[]; safety_notice: string }
  /** What going live still needs; empty once live. */
  missing?: string[]
  created_at: string; started_at?: string | null; ended_at?: string | null; ended_why?: string | null; ended_reason?: string | null
}
export interface ConsoleRoom {
  room: { id: string; name: string }; role: Role; broadcast: { id: string; state: BroadcastState; title: string } | null; shop_ids: string[]
}
/** Measured on what arrives (windows of two seconds); `dropped_frames` counts up over one publisher's stay. */
export interface StreamHealth {
  publishing?: boolean; bitrate_kbps?: number | null; fps?: number | null; dropped_frames?: number | null; delay_ms?: number | null
  keyframe_seconds?: number | null; jitter_ms?: number | null; recording?: boolean | null; width?: number | null; height?: number | null; at?: string | null
}
export interface Ingest { rtmp_server: string; stream_key: string; key_expires_at: string | null; publishing: boolean; health: StreamHealth | null }
export interface ConsoleEntered { events: EventsAccess; snapshot: Snapshot; board: Board | null }

export interface BoardItem {
  item_id: string; number: number; title: string; shown_uv: number; clicked_uv: number; placed: number; paid: number; paid_fen: number
  stock_left: number; pitches: number; pitch_seconds: number; paid_in_pitch: number
}
export interface BoardSource { source: string; viewers_uv: number; gmv_paid_fen: number; gpm_fen: number }
export interface BoardMinute {
  at: string; online: number; entered: number; comments: number; likes: number; orders_paid: number; gmv_paid_fen: number
}
export interface Board {
  broadcast_id: string; at: string; started_at: string | null; gmv_created_fen: number; gmv_paid_fen: number; gmv_net_fen: number
  orders_created: number; orders_paid: number; buyers_paid: number; online: number; online_peak: number; viewers_uv: number; views_pv: number
  gpm_fen: number; uv_value_fen: number; average_order_fen: number; stay_seconds_avg: number; interact_rate: number; comment_uv: number
  like_uv: number; follow_uv: number; follow_rate: number
  funnel: { shown_uv: number; clicked_uv: number; placed_uv: number; paid_uv: number }
  refund_orders: number; refund_fen: number; items: BoardItem[]; sources: BoardSource[]; minutes: BoardMinute[]
}
export interface WallCard extends LiveCard { health: StreamHealth | null; playback?: Playback | null; started_at?: string | null }

export interface Todo { to_ship: number; to_ship_late: number; refunding: number }
export interface GoodsTodo { pending: number; refused: number; low_stock: number }
export interface ShopMoney {
  balances: { receivable_fen: number; in_transit_fen: number; platform_fee_fen_30d: number; commission_fen_30d: number }
  settlements: SettlementRow[]
}
export interface SettlementRow {
  id?: string; order_number?: string; at?: string; settled_at?: string; total_fen?: number; goods_fen?: number; merchant_fen?: number
  commission_fen?: number; platform_fee_fen?: number; amount_fen?: number
}
export interface StatementEntry { id: string; at: string; kind: string; order_number: string | null; amount_fen: number; balance_fen: number; why: string }
export interface Earnings extends Listed<{ order_number: string; amount_fen: number; rate_bps: number; state: string; at: string }> {
  balances: { payable_fen: number; frozen_fen: number }
}
export interface Ledger { accounts: { kind: string; owner: string | null; balance_fen: number }[]; sum_fen: number; checked_at: string }
export interface ParkedEvent {
  id: string; consumer: string; subject: string; event_id: string; body: Record<string, unknown>; error: string; tries: number; parked_at: string
}

/** Frames that arrive over NATS, as in the room's `tick`, `ctl` and `crew` subjects. */
export interface SaleFrame { t: 'sale'; order_no: string; item_number: number | null; title: string; amount_fen: number; nickname: string }
export interface NoticeFrame { t: 'notice'; kind: string; detail?: string }
export type CrewFrame = ({ t: 'board' } & Board) | ({ t: 'health' } & StreamHealth) | NoticeFrame | SaleFrame
export type RoomFrame = TickFrame | CtlFrame | CrewFrame
