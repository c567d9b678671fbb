"""`python -m kaibo.sandbox.wechatpay`"""

import sys

from kaibo.sandbox.__main__ import main

if __name__ == "__main__":
    sys.exit(main(("wechatpay",)))
