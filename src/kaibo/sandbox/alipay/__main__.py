"""`python -m kaibo.sandbox.alipay`"""

import sys

from kaibo.sandbox.__main__ import main

if __name__ == "__main__":
    sys.exit(main(("alipay",)))
