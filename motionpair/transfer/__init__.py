"""`push` and `pull`: a dataset to and from a bucket, file by file, by hash, to be gone on with at any time.

The manifest says which files there are and what their sha256 is; what is there already is not sent again.
It is the last file to be written, so a half-sent dataset has none and no reader takes it for one. What a
transfer has done so far stands in `runs/` of its target, which belongs to no dataset; only files that
this record vouches for are ever replaced or deleted, and by push those that the very same manifest lists.
"""

from motionpair.transfer.parallel import Moved, Progress
from motionpair.transfer.pulling import pull
from motionpair.transfer.pushing import push

__all__ = ["Moved", "Progress", "pull", "push"]
