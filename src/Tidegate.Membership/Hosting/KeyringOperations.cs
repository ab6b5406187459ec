using Tidegate.Membership.Security;
using Tidegate.Membership.Serf;

namespace Tidegate.Membership.Hosting;

/// <summary>The keyring, as other members work on it.</summary>
internal sealed class KeyringOperations(Keyring keyring) : IKeyOperations
{
    public IReadOnlyList<byte[]> Keys => [.. keyring.Keys.Select(key => key.Bytes.ToArray())];

    public string? Install(ReadOnlySpan<byte> key) => keyring.TryInstall(new SealingKey(key), out string? error) ? null : error;

    public string? Use(ReadOnlySpan<byte> key) => keyring.TryUse(new SealingKey(key), out string? error) ? null : error;

    public string? Remove(ReadOnlySpan<byte> key) => keyring.TryRemove(new SealingKey(key), out string? error) ? null : error;
}
