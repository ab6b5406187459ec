using Tidegate.Membership.Hosting;

namespace Tidegate.Membership;

/// <summary>What all members together said to an operation on keys.</summary>
/// <param name="Members">Members that were there, this one included.</param>
/// <param name="Answers">Members that answered.</param>
/// <param name="Failures">Members that could not do it.</param>
/// <param name="Messages">What members have to say, by their names.</param>
/// <param name="Keys">How many members have each key, by its base64; for <see cref="MemberKeys.ListAsync"/>.</param>
public sealed record KeyResult(
    int Members, int Answers, int Failures, IReadOnlyDictionary<string, string> Messages, IReadOnlyDictionary<string, int> Keys)
{
    /// <summary>True where every member has done it. Anything less leaves members behind that cannot read the others.</summary>
    public bool Succeeded => Answers >= Members && Failures == 0;
}

/// <summary>
/// The keys of the whole cluster. To change the key: install the new one, use it, remove the old one, each only when the step
/// before has succeeded.
/// </summary>
public sealed class MemberKeys
{
    private readonly MemberEngine _engine;

    internal MemberKeys(MemberEngine engine) => _engine = engine;

    /// <summary>
    /// Replaces the keys of this member, and of no other: for programs whose keys come from a file that every member has. The first key
    /// seals, each opens. As with the operations on all members, a new key has to be everywhere before anybody seals with it.
    /// </summary>
    /// <param name="keys">1 to 16 keys of 16, 24 or 32 bytes in base64.</param>
    /// <exception cref="FormatException">One of the texts is no key.</exception>
    /// <exception cref="ArgumentException">There are none, or too many.</exception>
    /// <exception cref="InvalidOperationException">The member was started without keys.</exception>
    public void ReplaceOwn(IReadOnlyList<string> keys) => _engine.ReplaceKeys(keys);

    /// <summary>Has all members open with a further key.</summary>
    /// <param name="key">16, 24 or 32 bytes in base64.</param>
    /// <param name="cancellationToken">Ends the wait; what was asked is not taken back.</param>
    /// <exception cref="FormatException">The text is no key.</exception>
    public Task<KeyResult> InstallAsync(string key, CancellationToken cancellationToken = default) =>
        _engine.AskKeysAsync(KeyOperation.Install, key, cancellationToken);

    /// <summary>Has all members seal with an installed key.</summary>
    /// <inheritdoc cref="InstallAsync"/>
    public Task<KeyResult> UseAsync(string key, CancellationToken cancellationToken = default) =>
        _engine.AskKeysAsync(KeyOperation.Use, key, cancellationToken);

    /// <summary>Has all members forget a key that none seals with.</summary>
    /// <inheritdoc cref="InstallAsync"/>
    public Task<KeyResult> RemoveAsync(string key, CancellationToken cancellationToken = default) =>
        _engine.AskKeysAsync(KeyOperation.Remove, key, cancellationToken);

    /// <summary>Asks all members for their keys.</summary>
    /// <param name="cancellationToken">Ends the wait.</param>
    public Task<KeyResult> ListAsync(CancellationToken cancellationToken = default) =>
        _engine.AskKeysAsync(KeyOperation.List, null, cancellationToken);
}
