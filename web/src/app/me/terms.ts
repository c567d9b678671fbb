/** Texts of the user agreement and the privacy policy, in both languages. */
import type { Locale } from '@/shared/i18n'

interface Section { title: string; lines: string[] }

const agreementZh: Section[] = [
  { title: '一、这是什么', lines: ['本站用开源软件“开播 Kaibo”搭建，由页面底部公示的运营者独立运营。你与运营者、与卖出商品的商家分别成立合同；软件的作者不是任何一方。'] },
  { title: '二、账号', lines: ['用手机号和一次性验证码登录，首次登录即注册。请勿出借账号。你可以随时在“我的”里注销。'] },
  { title: '三、谁在卖', lines: ['直播间左上方写明直播间运营者和实际销售者，点开可以看到营业执照信息。商品由所示商家出售并负责发货和售后。'] },
  { title: '四、下单与支付', lines: ['提交订单后库存为你保留 15 分钟，逾期未支付订单自动取消。订单失效后到账的款项会自动原路退回。', '价格以提交时页面显示为准；如价格刚刚变动，页面会先告诉你，由你重新确认。'] },
  { title: '五、退款', lines: ['商家发货前，你可以在订单里直接申请退款，款项原路退回。发货后的退换按商品标明的服务承诺和法律规定办理。'] },
  { title: '六、互动规则', lines: ['发言请遵守法律法规，不得辱骂他人、发布广告或引导私下交易。主播团队可以删除违规发言或禁言。请勿离开平台私下转账。'] },
  { title: '七、未成年人', lines: ['未满 18 周岁请在监护人同意和指导下使用。'] },
]
const agreementEn: Section[] = [
  { title: '1. What this is', lines: ['This site runs the open-source software Kaibo and is operated independently by the operator named at the foot of the page. Your contracts are with the operator and with the merchant who sells the goods; the authors of the software are party to neither.'] },
  { title: '2. Your account', lines: ['You sign in by phone number and one-time code; the first sign-in creates the account. Do not lend it. You may delete it at any time under “Me”.'] },
  { title: '3. Who sells', lines: ['Each live room names its operator and the actual seller at the top left; a tap shows the business licence. Goods are sold, shipped and serviced by the merchant shown.'] },
  { title: '4. Ordering and paying', lines: ['After you submit an order its stock is held for 15 minutes; an unpaid order is then cancelled by itself. Money that arrives after that is returned by itself.', 'The price shown when you submit is the price. If it has just changed, the page tells you first and you decide again.'] },
  { title: '5. Refunds', lines: ['Before the merchant ships you may ask for a refund in the order itself; the money goes back the way it came. After shipping, returns follow the promises shown with the goods and the law.'] },
  { title: '6. Chatting', lines: ['Keep to the law: no abuse, advertising or invitations to trade privately. The room’s team may remove lines or mute people. Never transfer money outside the platform.'] },
  { title: '7. Minors', lines: ['People under 18 should use the site with the consent and guidance of a guardian.'] },
]
const privacyZh: Section[] = [
  { title: '一、收集什么、为什么', lines: ['手机号：登录和订单联系。收货地址：寄送商品。订单与支付结果：履行合同。发言、点赞、关注、进入直播间的记录：展示互动和统计直播数据。', '实名信息（仅在你主动提交时）：开播等法律要求实名的功能。身份证号加密保存，页面上只显示打码后的内容。'] },
  { title: '二、不做什么', lines: ['不出售个人信息，不放第三方跟踪代码，不读取通讯录和位置。'] },
  { title: '三、给谁看', lines: ['收货人、手机号和地址提供给该订单的商家和其选择的物流；金额和订单号提供给支付机构。其他人只看到你的昵称和打码的手机号。'] },
  { title: '四、Cookie 与本机存储', lines: ['登录 Cookie 只用来识别登录状态；本机存储只保存语言、大字、线路这些偏好。'] },
  { title: '五、保存多久', lines: ['交易记录、直播回放和互动记录按法律要求至少保存三年，网络日志至少六个月；到期后删除。'] },
  { title: '六、你的权利', lines: ['你可以查看和修改昵称、地址，可以注销账号。注销后个人资料即删除；法律要求留存的交易记录会继续保存到期满，且不再用于其他目的。'] },
]
const privacyEn: Section[] = [
  { title: '1. What is collected, and why', lines: ['Phone number: signing in and contact about orders. Addresses: delivery. Orders and payment results: fulfilling the contract. Chat lines, likes, follows and visits to rooms: showing the interaction and counting the figures of a broadcast.', 'Identity data, only when you hand it in: functions for which the law demands real names, such as going live. ID numbers are stored encrypted and shown masked only.'] },
  { title: '2. What is not done', lines: ['Personal data is not sold; there is no third-party tracking; contacts and location are not read.'] },
  { title: '3. Who sees it', lines: ['Recipient, phone number and address go to the merchant of that order and the carrier it chose; amount and order number go to the payment institution. Everyone else sees your nickname and a masked phone number only.'] },
  { title: '4. Cookies and storage', lines: ['The login cookie only tells that you are signed in; local storage only keeps your language, text size and line.'] },
  { title: '5. How long', lines: ['Trade records, replays and chat are kept for at least three years and network logs for at least six months, as the law demands, and deleted afterwards.'] },
  { title: '6. Your rights', lines: ['You may see and change your nickname and addresses, and delete your account. Personal data is then removed; trade records that the law demands stay until their time is over and are used for nothing else.'] },
]

export const TERMS: Record<'agreement' | 'privacy', Record<Locale, Section[]>> = {
  agreement: { 'zh-CN': agreementZh, en: agreementEn },
  privacy: { 'zh-CN': privacyZh, en: privacyEn },
}
