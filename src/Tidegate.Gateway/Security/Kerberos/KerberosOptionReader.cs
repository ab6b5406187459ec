using System.Collections.Immutable;
using Tidegate.Gateway.Configuration;

namespace Tidegate.Gateway.Security.Kerberos;

/// <summary>Reads the options of the login modules <c>kerberos5</c> and <c>gss</c>, under the names that they had in Java.</summary>
internal static class KerberosOptionReader
{
    /// <summary>The types of login modules that are about Kerberos.</summary>
    internal static readonly ImmutableArray<string> Types = ["kerberos5", "gss"];

    // What Java had to be told, and what is no question here.
    private static readonly ImmutableArray<string> s_flags =
        ["useKeyTab", "storeKey", "isInitiator", "doNotPrompt", "refreshKrb5Config", "tryFirstPass", "useFirstPass", "storePass", "clearPass", "tryFirstToken", "debug"];

    private static readonly ImmutableArray<string> s_names = ["keyTab", "principal", "strip-realm"];

    /// <summary>Reads what all modules of a realm say together: the old gateway had the keys in one of them, and checked tickets by the other.</summary>
    /// <exception cref="ConfigurationException">It is wrong, or they contradict each other.</exception>
    internal static KerberosOptions Read(RealmConfiguration realm)
    {
        OptionReader[] readers =
        [
            .. realm.Authentication!.LoginModules.Where(module => Types.Contains(module.Type)).Select(module => new OptionReader(module, realm, [.. s_names, .. s_flags])),
        ];
        foreach (OptionReader reader in readers)
        {
            foreach (string flag in s_flags)
            {
                if (reader.Flag(flag) == false && flag == "useKeyTab")
                {
                    throw reader.Fault("<useKeyTab> is false, and tickets are checked with the keys of a keytab alone.", "Write true, and the file's path into <keyTab>.");
                }
            }
        }

        string? keytab = Agreed(readers, "keyTab");
        string? principal = Agreed(readers, "principal");
        // As Java has it: any that there are keys for.
        return new KerberosOptions(keytab is null ? null : readers[0].PathOf(keytab), principal == "*" ? null : principal, Agreed(readers, "strip-realm"));
    }

    private static string? Agreed(OptionReader[] readers, string name)
    {
        string[] said = [.. readers.Select(reader => reader.Text(name)).OfType<string>().Distinct()];
        return said.Length > 1
            ? throw readers[0].Fault($"The login modules of one realm say different things in <{name}>: {string.Join(" and ", said)}.", "Say it in one of them.")
            : said.FirstOrDefault();
    }
}
