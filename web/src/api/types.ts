/**
 * The wire shapes of the HTTP API and of the room frames, as the screens use them.
 * Ids are strings, times RFC 3339 UTC strings, money integer fen.
 */

export type Role = 'buyer' | 'host' | 'cohost' | 'moderator' | 'runner' | 'merchant_staff' | 'agency' | 'operator' | 'reviewer' | (string & {})
export type RealnameState = 'none' | 'pending' | 'verified' | 'stale' | 'refused'

export interface Page<T> {
  items: T[]
  next_cursor: string | null
}

export interface Items<T> {
  items: T[]
}

// people

export interface Grant {
  role: Role
  scope_kind: 'platform' | 'shop' | 'room' | 'agency'
  scope_id: string | null
  scope_name: string | null
}

export interface Person {
  id: string
  nickname: string
  phone_masked: string
  avatar_url: string | null
  realname_state: RealnameState
}

export interface Me {
  signed_in: boolean
  person: Person | null
  grants: Grant[]
  csrf_token: string
  locale: string
}

export interface AddressIn {
  name: string
  phone: string
  province: string
  city: string
  district: string
  detail: string
  is_default: boolean
}

export interface Address extends AddressIn {
  id: string
  phone_masked: string
}

export type ParsedAddress = { [K in 'name' | 'phone' | 'province' | 'city' | 'district' | 'detail']: string | null }

export interface SellerFacts {
  legal_name: string
  licence_number: string
  address: string
}

export interface Shop {
  id: string
  name: string
  avatar_url: string | null
  merchant: SellerFacts
  product_count: number
  description: string
}

export interface Realname {
  state: RealnameState
  verified_at: string | null
  fresh_until: string | null
  reason: string | null
}

// goods

export type ServiceTag = 'seven_day_return' | 'freight_cover' | 'damage_compensation' | 'ship_48h' | 'origin_traceable' | 'installation'

export interface Category {
  key: string
  name: string
  parent_key: string | null
}

export interface ProductCard {
  id: string
  title: string
  picture_url: string
  price_fen_min: number
  price_fen_max: number
  shop: { id: string; name: string }
  service_tags: ServiceTag[]
  sold_count: number
  stock_state: 'in' | 'low' | 'out'
}

export interface Sku {
  id: string
  name: string
  price_fen: number
  stock_left: number
  limit_per_buyer: number | null
}

export interface Picture {
  url: string
  width: number
  height: number
}

export interface Product extends ProductCard {
  pictures: Picture[]
  attributes: { name: string; value: string }[]
  selling_points: string[]
  description: string
  origin: string
  skus: Sku[]
  seller: SellerFacts
  review_state: string
}

// stage

export interface LiveCard {
  room_id: string
  broadcast_id: string
  title: string
  cover_url: string | null
  host: { name: string; avatar_url: string | null }
  shop_name: string
  online: number
  likes: number
  pitch: { title: string; price_fen: number; picture_url: string } | null
  is_demo: boolean
  state: BroadcastState
}

export type BroadcastState = 'draft' | 'rehearsal' | 'live' | 'ended'
export type Mark = 'ai_generated' | 'animation' | 'demo'

export interface ChatEvent {
  id: string
  kind: 'line' | 'enter' | 'buying' | 'bought' | 'system'
  name: string
  text: string
  role: null | 'host' | 'cohost' | 'moderator' | 'runner'
  person_ref: string | null
  pinned?: boolean
  demo: boolean
  at: string
}

export interface BagItem {
  id: string
  number: number
  product_id: string
  title: string
  picture_url: string
  price_fen: number
  price_fen_max: number
  skus: Sku[]
  service_tags: ServiceTag[]
  stock_left: number
  pitching: boolean
  pitch_requests: number
  replay: { started_at: string; ended_at: string; pitch_id?: string } | null
}

export interface Pitch {
  id: string
  item_id: string
  started_at: string
}

export interface Snapshot {
  seq: number
  at: string
  online: number
  viewers_uv: number
  likes: number
  chat: ChatEvent[]
  bag: BagItem[]
  pitch: Pitch | null
  slow_mode_seconds: number
  muted_until: string | null
  pinned?: ChatEvent | null
}

export interface RoomSeller {
  shop_id: string
  shop_name: string
  legal_name: string
  licence_number: string
  address: string
}

export interface Playback {
  flv_url: string
  hls_url: string
}

export interface RoomPage {
  room: { id: string; name: string }
  host: { person_id: string; name: string; avatar_url: string | null; followers: number }
  following: boolean
  broadcast: { id: string; title: string; state: BroadcastState; started_at: string | null; cover_url: string | null } | null
  seller: { operator_name: string; sellers: RoomSeller[] }
  safety_notice: string
  marks: Mark[]
  playback: Playback | null
  snapshot: Snapshot
  crew_role: string | null
}

export type EnterSource = 'home' | 'follow' | 'shelf' | 'search' | 'share' | 'direct'

export interface EventsAccess {
  url: string
  jwt: string
  subjects: string[]
  expires_at: string
}

export interface Entered {
  watch_id: string
  events: EventsAccess
  snapshot: Snapshot
}

export interface TickFrame {
  t: 'tick'
  seq: number
  at: string
  chat: ChatEvent[]
  likes: number
  likes_delta: number
  online: number
  viewers_uv: number
  items?: Record<string, { stock_left: number; price_fen: number }>
}

interface CtlBase {
  t: 'ctl'
  seq: number
  at: string
}

export type CtlFrame = CtlBase &
  (
    | { kind: 'pitch.started'; pitch: Pitch; item: BagItem }
    | { kind: 'pitch.ended'; item_id: string }
    | { kind: 'bag.changed'; bag: BagItem[] }
    | { kind: 'item.changed'; item: BagItem }
    | { kind: 'broadcast.live' }
    | { kind: 'broadcast.ended' }
    | { kind: 'chat.removed'; id: string }
    | { kind: 'chat.pinned'; line: ChatEvent | null }
    | { kind: 'slow_mode'; seconds: number }
    | { kind: 'playback.changed' }
  )

// trade

export type OrderState = 'placed' | 'paid' | 'shipped' | 'received' | 'settled' | 'cancelled' | 'expired' | 'refunding' | 'refunded'
export type OrderAction = 'pay' | 'cancel' | 'receive' | 'refund' | 'ship'

export interface QuoteLine {
  sku_id: string
  product_id: string
  title: string
  sku_name: string
  picture_url: string
  unit_price_fen: number
  quantity: number
  line_fen: number
}

export interface Quote {
  lines: QuoteLine[]
  goods_fen: number
  freight_fen: number
  total_fen: number
}

export type OrderSource = { kind: 'broadcast'; id: string; item: string } | { kind: 'shelf' }

export interface PlaceOrder {
  lines: { sku_id: string; quantity: number; unit_price_fen: number }[]
  address_id: string
  source: OrderSource
  note?: string
}

export interface OrderLine extends QuoteLine {
  id: string
}

export interface OrderAddress {
  name: string
  phone_masked: string
  province: string
  city: string
  district: string
  detail: string
}

export interface Shipment {
  carrier: string
  carrier_name: string
  tracking_number: string
  shipped_at: string
}

export interface Order {
  id: string
  number: string
  state: OrderState
  shop: { id: string; name: string }
  lines: OrderLine[]
  goods_fen: number
  freight_fen: number
  total_fen: number
  address: OrderAddress
  source: OrderSource | null
  note: string | null
  created_at: string
  pay_before: string | null
  paid_at: string | null
  ship_before: string | null
  shipment: Shipment | null
  receive_before: string | null
  received_at: string | null
  after_sales_until: string | null
  settled_at: string | null
  refund: { fen: number; state: string; reason: string | null } | null
  actions: OrderAction[]
  history: { at: string; state: OrderState; actor: string; why: string | null }[]
}

export interface OrderCounts {
  placed: number
  paid: number
  shipped: number
  received: number
  refunding: number
}

export interface PaymentStarted {
  pay_url: string
  expires_at: string
}

export interface PaymentState {
  state: 'none' | 'pending' | 'paid' | 'failed' | 'refunded_late'
  paid_at: string | null
}

export interface Meta {
  name: string
  demo: boolean
  version: string
  licence_footer: string
  locales: string[]
}
