/**
 * The shapes the screens use, taken from the server's OpenAPI (`schema.d.ts`, made by `npm run api`), and the room's
 * frames, which travel over NATS and stand in no OpenAPI document.
 * Ids are strings, times RFC 3339 UTC strings, money integer fen.
 */
import type { components } from './schema'

type Schemas = components['schemas']

export interface Page<T> {
  items: T[]
  next_cursor: string | null
}

export interface Items<T> {
  items: T[]
}

// people
export type Me = Schemas['Me']
export type Grant = Schemas['MeGrant']
export type Role = Grant['role']
export type Person = Schemas['MePerson']
export type Address = Schemas['Address']
export type AddressIn = Required<Schemas['AddressBody']>
export type ParsedAddress = Schemas['ParsedAddress']
export type Shop = Schemas['Shop']
export type Realname = Schemas['Realname']

// goods
export type Category = Schemas['CategoryWire']
export type ProductCard = Schemas['ProductCardWire']
export type ServiceTag = ProductCard['service_tags'][number]
export type Sku = Schemas['SkuOnOffer']
export type Product = Schemas['ProductWire']
export type Picture = Product['pictures'][number]
export type Showcase = Schemas['ShowcaseWire']

// coupons
export type Coupon = Schemas['CouponWire']
export type MyCoupon = Schemas['MyCoupon']
export type MyPoints = Schemas['MyPoints']
export type PointHappening = Schemas['PointHappening']
export type CouponUnused = Schemas['UnusedWire']

// stage
export type LiveCard = Schemas['LiveCardWire']
export type BroadcastState = LiveCard['state']
export type RoomPage = Schemas['RoomPageWire']
export type Snapshot = Schemas['SnapshotWire']
export type BagItem = Schemas['BagItemWire']
export type Pitch = Schemas['PitchWire']
export type ChatEvent = Schemas['ChatEventWire']
export type Playback = Schemas['PlaybackWire']
export type Entered = Schemas['EnteredWire']
export type EventsAccess = Schemas['EventsWire']
export type EnterSource = Schemas['EnterBody']['source']
export type PitchReplay = Schemas['ReplayWire']

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
export type Quote = Schemas['Quote']
export type PlaceOrder = Schemas['PlaceIn']
export type OrderSource = PlaceOrder['source']
export type TracedParcel = Schemas['TracedParcel']
export type Invoice = Schemas['InvoiceWire']
export type OrderInvoice = Schemas['OrderInvoice']
export type Again = Schemas['AgainWire']
export type Order = Schemas['OrderWire']
/** What was confirmed at once and is paid at once: an order for each shop. */
export type Checkout = Schemas['CheckoutWire']
export type OrderState = Order['state']
export type Presale = Schemas['PresaleWire']
export type BalanceQuote = Schemas['BalanceQuote']
export type OrderCounts = Schemas['OrderCounts']
export type PaymentMethods = Schemas['PaymentMethods']
export type PaymentStarted = Schemas['PaymentStarted']
export type PaymentState = Schemas['PaymentWire']
export type Meta = Schemas['Meta']
