using Tidegate.Membership.Wire;

namespace Tidegate.Membership.Serf;

/// <summary>A user event as it reaches the user of the library.</summary>
/// <param name="Time">By the clock of events.</param>
/// <param name="Name">What kind of event it is.</param>
/// <param name="Payload">What it says.</param>
/// <param name="Coalesce">True where a newer event of this name makes an older one superfluous.</param>
internal sealed record SerfEvent(ulong Time, string Name, RawBytes Payload, bool Coalesce);
