using System.Collections.Immutable;

namespace Tidegate.Membership;

/// <summary>Everyone who is known at one moment, this member included, those that left or failed until they are forgotten. Immutable.</summary>
public sealed class MemberView
{
    private readonly ImmutableSortedDictionary<string, MemberInfo> _members;

    internal MemberView(ImmutableSortedDictionary<string, MemberInfo> members) => _members = members;

    internal static MemberView Empty { get; } = new(ImmutableSortedDictionary.Create<string, MemberInfo>(StringComparer.Ordinal));

    /// <summary>All of them, ordered by name.</summary>
    public IEnumerable<MemberInfo> Members => _members.Values;

    /// <summary>Those that are there, ordered by name.</summary>
    public IEnumerable<MemberInfo> Alive => _members.Values.Where(member => member.State is MemberState.Alive or MemberState.Leaving);

    /// <summary>How many are known.</summary>
    public int Count => _members.Count;

    /// <summary>The member of that name, or null.</summary>
    public MemberInfo? Find(string name) => _members.GetValueOrDefault(name);

    internal MemberView With(MemberInfo member) => new(_members.SetItem(member.Name, member));

    internal MemberView Without(string name) => new(_members.Remove(name));
}
