"""The viewers of one stream that take it in the same form: the inner loop of fan-out. Pure.

A viewer is `live` while it has everything since a keyframe, and waits for one otherwise. One system call and two checks
a live viewer and message; nothing is allocated for a viewer, and none can delay another.
"""

from collections.abc import Hashable
from typing import Final

from services.fanout.forms import UNTOLD, Form
from services.fanout.packet import Packet
from services.fanout.viewer import LATE, Viewer


class Audience:
    """Viewers of one form, in two groups."""

    __slots__ = ("_told", "form", "live", "waiting")

    def __init__(self, form: Form) -> None:
        self.form: Final = form
        # Dicts for their order: who came first is served first, and its objects lie together in memory.
        self.live: dict[Viewer, None] = {}
        self.waiting: dict[Viewer, None] = {}
        # What every live viewer with an empty box was told by the last keyframe.
        self._told: Hashable = UNTOLD

    def __len__(self) -> int:
        return len(self.live) + len(self.waiting)

    def add(self, viewer: Viewer) -> None:
        self.waiting[viewer] = None

    def remove(self, viewer: Viewer) -> None:
        self.live.pop(viewer, None)
        self.waiting.pop(viewer, None)

    def fall(self, viewer: Viewer) -> None:
        """Let a viewer wait for the next keyframe."""
        if viewer.live:
            viewer.live = False
            self.live.pop(viewer, None)
            self.waiting[viewer] = None

    def fall_all(self, frames: int, reason: str) -> None:
        """Let all wait for the next keyframe, having lost so many frames; what waits for them may still go out."""
        self.count_missed(frames)
        for viewer in self.live:
            viewer.miss(frames, reason)
            viewer.live = False
        self.waiting |= self.live
        self.live.clear()

    def start(self, viewer: Viewer, packets: list[Packet]) -> None:
        """Give a viewer the messages since a keyframe, the first being it, and let it go on live."""
        self.waiting.pop(viewer, None)
        self.live[viewer] = None
        viewer.live = True
        viewer.deliver_all(packets)

    def replay(self, packets: list[Packet]) -> None:
        """Start those who wait with a group that was sent again; it ends at the live edge."""
        for viewer in [viewer for viewer in self.waiting if self._takes_replay(viewer)]:
            del self.waiting[viewer]
            self.live[viewer] = None
            viewer.live = True
            # A group is often larger than a box, and of no use in parts: as a whole it has as long as any message.
            viewer.deliver_group(packets)

    def deliver(self, packet: Packet) -> None:
        """Give a message to all who can use it."""
        # Copies: a viewer that falls behind at this message changes groups, and has had its turn.
        live = list(self.live)
        if self.waiting:
            self.deliver_to_waiting(packet)
        if packet.key or not self.form.shared:
            self._deliver_key(live, packet)
        else:
            self._deliver_to(live, packet)

    def deliver_to_waiting(self, packet: Packet) -> None:
        """Start those who wait for a keyframe if this is one; count it where it is one more that they miss."""
        if not packet.key:
            self.count_missed(1)
            return
        for viewer in list(self.waiting):
            self.start(viewer, [packet])

    def count_missed(self, frames: int) -> None:
        """Count frames that passed those by who had lost some before."""
        for viewer in self.waiting:
            viewer.pass_by(frames)

    def _takes_replay(self, viewer: Viewer) -> bool:
        """Return whether a group from its beginning helps: a slow connection would only fall behind again."""
        is_late = (viewer.missed > 0 or viewer.skipping) and viewer.missed_reason == LATE
        # Times in a file cannot go back.
        return viewer.open and not is_late and (self.form.shared or viewer.told is UNTOLD)

    def _deliver_to(self, viewers: list[Viewer], packet: Packet) -> None:
        message = packet.wrapped(self.form)
        length = len(message)
        for viewer in viewers:
            if not viewer.open:
                viewer.hold(packet)
                continue
            try:
                sent = viewer.push(message)
            except OSError:
                # Full, or gone: the transport finds out which.
                sent = 0
            if sent != length:
                viewer.write(message[sent:])

    def _deliver_key(self, viewers: list[Viewer], packet: Packet) -> None:
        """As `_deliver_to`, but some may have to be told something first."""
        identity = self.form.identity(packet.frame) if packet.key else self._told
        if identity == self._told and self.form.shared:
            self._deliver_to(viewers, packet)
            return
        self._told = identity
        for viewer in viewers:
            viewer.deliver(packet)
