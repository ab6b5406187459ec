namespace Tidegate.Membership;

/// <summary>An event that some member fired. Each reaches each member once.</summary>
/// <param name="Name">What kind of event it is.</param>
/// <param name="Payload">What it says.</param>
/// <param name="Coalesce">True where a newer event of this name makes an older one superfluous.</param>
public sealed record UserEvent(string Name, ReadOnlyMemory<byte> Payload, bool Coalesce);
