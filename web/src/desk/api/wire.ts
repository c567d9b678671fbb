/**
 * The shapes of the desk, taken from the server's OpenAPI (`src/api/schema.d.ts`), and the crew's frames, which travel over NATS and
 * stand in no OpenAPI document. Ids are strings, times RFC 3339 UTC, money integer fen.
 */
import type { BagItem, ChatEvent, CtlFrame, Pitch, Playback, RoomPage, Snapshot, TickFrame } from '@/api/types'
import type { components } from '@/api/schema'

type Schemas = components['schemas']

export interface Listed<T> {
  items: T[]
  next_cursor?: string | null
}

// people
export type Me = Schemas['Me']
export type Meta = Schemas['Meta']
export type Grant = Schemas['MeGrant']
export type Realname = Schemas['Realname']
export type RealnameReview = Schemas['RealnameReview']
export type Merchant = Schemas['MerchantWire']
export type MerchantIn = Schemas['MerchantBody']
export type CrewMember = Schemas['CrewMemberWire']
export type CrewIn = Schemas['CrewBody']

// coupons
export type PointDesk = Schemas['PointDesk']
export type PointTerms = Schemas['PointTermsIn']
export type CouponIn = Schemas['CouponIn']
export type GivenCoupon = Schemas['GivenCoupon']
export type OfferedPresale = Schemas['OfferedPresale']
export type PresaleIn = Schemas['PresaleIn']

// prices for a period
export type PriceWindow = Schemas['WindowWire']
export type WindowState = PriceWindow['state']
export type PriceWindowsIn = Schemas['WindowsIn']
export type PriceRoom = Schemas['RoomNameWire']
export type PriceRecord = Schemas['PriceRecord']

// goods
export type Category = Schemas['CategoryWire']
export type Picture = Schemas['PictureWire']
export type ShopProduct = Schemas['ShopProduct']
export type ProductState = ShopProduct['state']
export type ServiceTag = ShopProduct['service_tags'][number]
export type ShopSku = Schemas['ShopSku']
export type Named = Schemas['Attribute']
export type ProductIn = Schemas['ProductBody']
export type ImportReport = Schemas['ImportReport']
export type Stock = Schemas['StockWire']
export type GoodsTodo = Schemas['GoodsTodo']
export const SERVICE_TAGS: readonly ServiceTag[] = [
  'seven_day_return', 'freight_cover', 'damage_compensation', 'ship_48h', 'origin_traceable', 'installation',
]

// stage
export type { BagItem, ChatEvent, Pitch, Playback, RoomPage, Snapshot }
export type Room = Schemas['RoomWire']
export type ConsoleRoom = Schemas['ConsoleRoomWire']
export type ConsoleEntered = Schemas['ConsoleEnteredWire']
export type Broadcast = Schemas['BroadcastWire']
export type BroadcastState = Broadcast['state']
export type BroadcastIn = Schemas['BroadcastBody']
export type Mark = Broadcast['marks'][number]
export type Ingest = Schemas['IngestWire']
export type StreamHealth = Schemas['StreamHealthWire']
export type PickCard = Schemas['PickableWire']
export type Board = Schemas['BoardWire']
export type BoardMinute = Schemas['BoardMinuteWire']
export type WallCard = Schemas['WallCardWire']

// trade
export type Order = Schemas['OrderWire']
export type TracedParcel = Schemas['TracedParcel']
export type ShopParcel = Schemas['ShopParcelWire']
export type ParcelCounts = Schemas['ParcelCountsWire']
export type Invoice = Schemas['InvoiceWire']
export type InvoiceCounts = Schemas['InvoiceCountsWire']
export type OrderState = Schemas['OrderState']
export type Todo = Schemas['Todo']
export type Carrier = Schemas['CarrierWire']
export type ShopMoney = Schemas['Money']
export type StatementEntry = Schemas['StatementEntry']
export type Earnings = Schemas['Earnings']
export type ParkedEvent = Schemas['ParkedEvent']
export type PaymentNotice = Schemas['NoticeWire']
export type NoticeOutcome = Schemas['Outcome']

// frames
export type { CtlFrame, TickFrame }
export interface SaleFrame {
  t: 'sale'
  order_no: string
  item_number: number | null
  title: string
  amount_fen: number
  nickname: string
}
export interface NoticeFrame {
  t: 'notice'
  kind: string
  detail?: string
}
export type CrewFrame = ({ t: 'board' } & Board) | ({ t: 'health' } & StreamHealth) | NoticeFrame | SaleFrame
export type RoomFrame = TickFrame | CtlFrame | CrewFrame
